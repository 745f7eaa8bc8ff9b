"""A models folder with a ContentVec, whose real weights no package carries: a small one, with weights from a seed.

What it hears makes no sense, so tests of conversion over HTTP look at everything but the sound itself.
"""

from pathlib import Path

from tests.models.rvc.huberts import hubert, save_transformers


def with_contentvec(folder: Path, models_dir: Path) -> Path:
    """`folder`, made to hold the models of `models_dir` and the small ContentVec."""
    folder.mkdir()
    for model in models_dir.iterdir():
        (folder / model.name).symlink_to(model.resolve())
    (folder / "contentvec").unlink(missing_ok=True)
    save_transformers(hubert(), folder / "contentvec")
    return folder
