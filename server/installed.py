"""Which models of the catalog lie in the models folder."""

from jobs.errors import ModelNotInstalled
from models.catalog import Model
from server.hall import Hall


def installed(hall: Hall, model: Model) -> bool:
    folder = hall.settings.models_dir / model.id
    return all((folder / file.path).is_file() for file in model.files)


def complete(hall: Hall, model: Model) -> bool:
    """Whether it is installed, and all that it requires."""
    return all(installed(hall, hall.catalog.model(name)) for name in hall.catalog.with_required([model.id]))


def require(hall: Hall, model_id: str) -> None:
    """Raises `ModelNotInstalled`, with the command that mends it."""
    if not installed(hall, hall.catalog.model(model_id)):
        raise ModelNotInstalled(f"The model `{model_id}` is not installed. {pull(model_id)}")


def pull(model_id: str) -> str:
    """What to do about a model that is not installed, in a sentence."""
    return f"`voxhall models pull {model_id}` fetches it."
