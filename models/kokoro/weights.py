"""Kokoro's files: the checkpoint and the voices."""

import importlib.util
import io
import json
import re
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from loguru import logger
from numpy.typing import NDArray
from torch.nn.utils import remove_weight_norm

from models.errors import BROKEN, ModelUnreadable

CHECKPOINT = "kokoro-v1_0.pth"
VOICE_SHAPE = (510, 1, 256)  # a style of 256 numbers for each length of a text in phonemes

_CONFIG = Path(__file__).with_name("config.json")
_VOICE_ID = re.compile(r"[a-z]{2}_[a-z0-9]+")


class UnknownVoice(ValueError):
    """There is no voice of that name in the model's folder."""


def read_model(folder: Path) -> Any:
    """A `KModel` on the CPU, in evaluation mode, its weight norms folded. Raises `ModelUnreadable`."""
    path = folder / CHECKPOINT
    with _unreadable(path):
        checkpoint = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
        model = empty_model(json.loads(_CONFIG.read_text()))
        for name, module in model.named_children():
            module.load_state_dict({key.removeprefix("module."): value for key, value in checkpoint[name].items()})
    for module in model.modules():
        if hasattr(module, "weight_g"):
            remove_weight_norm(module)
    return model.eval()


def read_voice(folder: Path, voice: str) -> NDArray[np.float32]:
    """The styles of a voice, float32 `VOICE_SHAPE`. Raises `UnknownVoice`, `ModelUnreadable`."""
    path = folder / "voices" / f"{voice}.bin"
    if not _VOICE_ID.fullmatch(voice) or not path.is_file():
        raise UnknownVoice(f"no voice {voice!r}")
    with _unreadable(path):
        return np.fromfile(path, dtype="<f4").reshape(VOICE_SHAPE)


def empty_model(config: dict[str, Any]) -> Any:
    """A `KModel` before its weights. Its own loading would go on with random ones where names do not match."""
    nothing = io.BytesIO()
    torch.save({}, nothing)
    nothing.seek(0)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "`torch.nn.utils.weight_norm` is deprecated", FutureWarning)
        warnings.filterwarnings("ignore", "dropout option adds dropout after all but last", UserWarning)
        return _kmodel()(repo_id="", config=config, model=nothing)


def _kmodel() -> Any:
    """The package's modules without its `__init__`: that imports spaCy and the GPL phonemizer, see `g2p_process`."""
    if "kokoro" not in sys.modules:
        spec = importlib.util.find_spec("kokoro")
        if spec is None:
            raise ModuleNotFoundError("the package kokoro is not installed", name="kokoro")
        sys.modules["kokoro"] = importlib.util.module_from_spec(spec)
        logger.disable("kokoro")  # as its __init__ does
    return importlib.import_module("kokoro.model").KModel


@contextmanager
def _unreadable(path: Path) -> Iterator[None]:
    try:
        yield
    except BROKEN as error:
        raise ModelUnreadable(f"{path.name} is missing or broken: run `voxhall models pull kokoro`") from error
