"""A models folder with what no package carries the weights of: small nets, with weights from a seed.

What they hear and say makes no sense, so tests over HTTP look at everything but the sound itself.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

from tests.models.openvoice.checkpoints import tiny as tiny_openvoice
from tests.models.pocket_tts.checkpoints import tiny as tiny_pocket
from tests.models.qwen3_tts.checkpoints import tiny_base, tiny_custom_voice, tiny_voice_design
from tests.models.rvc.huberts import hubert, save_transformers
from tests.overlays import overlay


def _contentvec(folder: Path) -> Path:
    return save_transformers(hubert(), folder)


MINIATURES: Mapping[str, Callable[[Path], Path]] = {
    "contentvec": _contentvec,
    "pocket-tts": tiny_pocket,
    "qwen3-tts-base": tiny_base,
    "qwen3-tts-design": tiny_voice_design,
    "qwen3-tts-voices": tiny_custom_voice,
    "openvoice": tiny_openvoice,
}


def with_miniatures(folder: Path, models_dir: Path) -> Path:
    """`folder`, made to hold the models of `models_dir` and the small ones."""
    folder.mkdir()
    for model in models_dir.iterdir():
        if model.name not in MINIATURES:
            (folder / model.name).symlink_to(model.resolve())
    for name, make in MINIATURES.items():
        make(folder / name)
    return folder


def their_catalog(path: Path, models: Path) -> Path:
    """`path` as the catalog of a folder that `with_miniatures` made."""
    return overlay(path, {name: models / name for name in MINIATURES})
