"""Voices that callers have added: from the file store into a device's memory."""

from contextlib import ExitStack
from typing import Any

from jobs.files import FileStore, voice_key
from jobs.voices import SavedVoice
from models.rvc.architecture import PHONE_WIDTH
from models.rvc.importing import INDEX, WEIGHTS

PREFIX = "voice:"

FLOAT = 4

ON_CARD = 1 << 29
"""Bytes that a voice's CUDA graphs keep there: the activations of a whole batch of tiles. Reasoned, not measured."""


class StoredVoice:
    """A saved voice as an engine of the residency: its net and index, in `voice` once it is loaded."""

    def __init__(self, saved: SavedVoice, files: FileStore) -> None:
        self._saved = saved
        self._files = files
        self.voice: Any = None

    def load(self, device: str) -> None:
        """Raises `NotFound` where the voice was removed meanwhile, and `ModelUnreadable`."""
        from models.rvc.voice import Voice  # noqa: PLC0415 - torch, for the one role that converts

        names = (WEIGHTS, INDEX) if self._saved.details["vectors"] else (WEIGHTS,)
        with ExitStack() as stack:
            paths = [stack.enter_context(self._files.local(voice_key(self._saved.id, name))) for name in names]
            voice = Voice(*paths)
            voice.load(device)
        self.voice = voice

    def unload(self) -> None:
        self.voice = None


def engine_id(voice_id: str) -> str:
    """A voice among the models of a residency."""
    return f"{PREFIX}{voice_id}"


def voice_of(engine: str) -> str | None:
    """The voice that `engine_id` names so; None for any other model."""
    return engine.removeprefix(PREFIX) if engine.startswith(PREFIX) else None


def bytes_of(saved: SavedVoice, device: str) -> int:
    """Of its memory once it is loaded: the file's weights have half of their length there."""
    index = saved.details["vectors"] * PHONE_WIDTH[saved.details["version"]] * FLOAT
    held = ON_CARD if device.startswith("cuda") else 0
    return int(2 * (saved.details["size"] - index) + index + held)
