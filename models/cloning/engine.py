"""What the engines have in common that speak with any voice, or put one into what is spoken already.

All calls of one engine are made by one thread, one after the other: the libraries keep state on their objects. An
engine that samples seeds torch itself, from `Wish.seed`, at the beginning of each `speak` and `change`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from audio.pcm import Samples
from models.cloning.embedding import Embedding

Between = Callable[[], None]
"""To be called as often as a call has a place to stop, some times a second at least. Where it raises, the call ends."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A clip whose voice is to be taken: (n,) float32, mono, 24 kHz, checked and trimmed."""

    samples: Samples
    text: str | None = None
    """What is said in it, where that is known."""
    sample_rate: int = 24_000

    @property
    def seconds(self) -> float:
        return len(self.samples) / self.sample_rate


@dataclass(frozen=True, slots=True)
class Wish:
    """How a text shall be spoken. What an engine cannot do it leaves; None is its own default."""

    language: str = "en"
    """ISO 639-1."""
    seed: int = 0
    instruct: str | None = None
    exaggeration: float | None = None
    guidance: float | None = None
    temperature: float | None = None


class Engine(Protocol):
    sample_rate: int
    """Hz of what it makes."""

    form: str
    """Of its embeddings: changes whenever those of an earlier version of this adapter or its package fit no more."""

    def load(self, device: str) -> None:
        """Raises `ModelUnreadable`."""

    def unload(self) -> None: ...

    def embed(self, reference: Reference) -> Embedding:
        """Raises `UnusableReference`."""

    def voice(self, embedding: Embedding) -> Any:
        """The embedding on the device, as `speak` or `change` takes it. Raises `EmbeddingBroken`."""


class Speaker(Engine, Protocol):
    """Speaks a piece of text: one or more sentences of at most `Limits.piece_characters` of its catalog entry."""

    def speak(self, voice: Any, text: str, wish: Wish, between: Between) -> Iterator[Samples]:
        """The audio, in one block, or in many as they come where the engine streams. Never empty together.

        Raises:
            OutOfMemory, DeviceLost
            CannotSpeak: the language is none of the model's.
            Runaway
            whatever `between` raises
        """


class Designer(Speaker, Protocol):
    """Makes a voice of words."""

    def designed(self, instruct: str) -> Any:
        """A voice for `speak`."""


class Performer(Speaker, Protocol):
    """Has voices of its own."""

    def stock(self, name: str) -> Any:
        """A voice for `speak`, by its id in the catalog. Raises `CannotSpeak`."""


class Changer(Engine, Protocol):
    """Puts a voice into speech."""

    source_rate: int
    """Hz of what it takes."""

    longest: float
    """Seconds of source that it takes at once."""

    def change(self, voice: Any, source: Samples, wish: Wish, between: Between) -> Samples:
        """As long as the source: (n,) float32 at `source_rate` in, at `sample_rate` out. Raises as `speak` does."""


class UnusableReference(Exception):
    """The engine cannot take the voice of this clip; the message says why, and what to give instead."""


class CannotSpeak(ValueError):
    """The model has not got what was asked for, a language or a voice of its own; the message says which."""


class Runaway(Exception):
    """The piece did not come to its end: the engine babbles on. Another seed may; nothing of it is worth keeping."""

    def __init__(self, message: str = "The piece did not come to its end.") -> None:
        super().__init__(message)


class NotFinite(Exception):
    """The engine gave samples that are not numbers."""

    def __init__(self) -> None:
        super().__init__("The model gave samples that are not numbers. Another `seed` may do, or another device.")
