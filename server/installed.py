"""Which models of the catalog lie in the models folder."""

from jobs.errors import ModelNotInstalled
from models.catalog import Model
from server.hall import Hall


def installed(hall: Hall, model: Model) -> bool:
    folder = hall.settings.models_dir / model.id
    return all((folder / file.path).is_file() for file in model.files)


def require(hall: Hall, model_id: str) -> None:
    """Raises `ModelNotInstalled`, with the command that mends it."""
    if not installed(hall, hall.catalog.model(model_id)):
        message = f"The model `{model_id}` is not installed. `voxhall models pull {model_id}` fetches it."
        raise ModelNotInstalled(message)
