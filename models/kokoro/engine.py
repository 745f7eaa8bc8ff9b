"""Kokoro-82M, the modules of the `kokoro` package: phonemes and a voice in, 24 kHz speech out."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from models.blend import parse_blend
from models.kokoro.silence import trim
from models.kokoro.weights import read_model, read_voice

MOST_PHONEMES = 510  # 512 positions of the encoder, two of them borders

FRAMES_PER_PHONEME = 2.7

_BORDER, _UNKNOWN = 0, -1

# Kokoro's harmonic source draws its noise from torch's global generator and takes no other. So one render at a time
# in a process: nothing may draw between a seed and the noise that it is for.
_global_generator = Lock()


class SynthesisFailed(Exception):
    """The model gave no samples, or samples that are not numbers."""


@dataclass(frozen=True, slots=True)
class Utterance:
    """What to speak at once: 1 to 510 phonemes by a voice or a blend (`models.blend`).

    `speed` divides the durations; 1.0 is the voice's own. A seed repeats the samples.
    """

    phonemes: str
    voice: str
    speed: float = 1.0
    seed: int | None = None

    @property
    def frames(self) -> int:
        """Its length before anybody knows it, in frames of 600 samples: Kokoro speaks about 15 phonemes a second."""
        return ceil(FRAMES_PER_PHONEME * len(self.phonemes) / self.speed)


@dataclass(frozen=True, slots=True)
class Synthesis:
    """Speech, and where its phonemes are.

    `samples`: float32 (n,), mono, 24 kHz, about -1 to 1. `durations`: int64 (len(phonemes) + 2,), in frames of 600
    samples: the start border, each phoneme, the end border; they add up to n / 600. A phoneme that Kokoro lacks has 0.
    """

    samples: NDArray[np.float32]
    durations: NDArray[np.int64]


class Kokoro:
    """One model. Threads may share it; they render in turn.

    `folder` holds `kokoro-v1_0.pth` and `voices/<id>.bin` (float32, little endian, (510, 1, 256)).
    """

    sample_rate = 24000

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._model: Any = None
        self._voices: dict[str, torch.Tensor] = {}

    def load(self, device: str) -> None:
        """Read the weights onto a torch device ("cpu", "cuda:1"). Raises `ModelUnreadable`."""
        self._model = read_model(self._folder).to(device)

    def unload(self) -> None:
        """Let go of the weights; `load` brings them back."""
        self._model = None
        self._voices.clear()

    def synthesize(self, phonemes: str, voice: str, speed: float, *, seed: int | None = None) -> Synthesis:
        """Speak 1 to 510 phonemes. `speed` divides the durations; 1.0 is the voice's own. A seed repeats the samples.

        `voice` may be a blend (`models.blend`). Silence at the ends is cut (`models.kokoro.silence`), so that segments
        can be laid end to end.

        Raises `ValueError` (too many phonemes, a speed of 0 or less, a blend that cannot be read),
        `weights.UnknownVoice`, `ModelUnreadable`, `SynthesisFailed`.
        """
        if self._model is None:
            raise RuntimeError("Kokoro is not loaded")
        if not 0 < len(phonemes) <= MOST_PHONEMES:
            raise ValueError(f"Kokoro speaks 1 to {MOST_PHONEMES} phonemes at once, not {len(phonemes)}")
        if not speed > 0:
            raise ValueError(f"a speed is above 0, not {speed}")
        tokens = np.array([_BORDER, *(self._model.vocab.get(symbol, _UNKNOWN) for symbol in phonemes), _BORDER])
        durations = np.zeros(len(tokens), dtype=np.int64)
        known = tokens != _UNKNOWN
        samples, durations[known] = self._render(tokens[known], self._style(voice, len(phonemes)), speed, seed)
        return Synthesis(*trim(_checked(samples), durations, speed))

    def synthesize_batch(
        self, utterances: Sequence[Utterance], *, between: Callable[[], None] = lambda: None
    ) -> list[Synthesis]:
        """Speak several utterances as one batch; each comes out as it would alone.

        `between` is called on this thread between two stages, a fraction of a second apart. It may render something
        more urgent meanwhile, on this object too; what it raises ends the batch.

        Raises what `synthesize` raises, for any of them, and `models.errors.OutOfMemory`.
        """
        return [self.synthesize(one.phonemes, one.voice, one.speed, seed=one.seed) for one in utterances]

    def room(self) -> int:
        """Frames that a batch may hold now, its padding counted: as the card's free memory has it.

        0 on the CPU, where a batch takes longer than its items one by one.
        """
        return 0

    def _style(self, voice: str, length: int) -> torch.Tensor:
        """A voice is a table of styles by length of the text, as in the package's `KPipeline.infer`; a blend is the
        weighted mean of its voices' styles.
        """
        styles = [part.weight * self._table(part.voice)[length - 1] for part in parse_blend(voice)]
        return torch.stack(styles).sum(dim=0)

    def _table(self, voice: str) -> torch.Tensor:
        if voice not in self._voices:
            self._voices[voice] = torch.from_numpy(read_voice(self._folder, voice)).to(self._model.device)
        return self._voices[voice]

    def _render(
        self, tokens: NDArray[np.int64], style: torch.Tensor, speed: float, seed: int | None
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        device = self._model.device
        with torch.inference_mode(), _seeded(seed, device):
            samples, frames = self._model.forward_with_tokens(torch.from_numpy(tokens)[None].to(device), style, speed)
        return samples.cpu().numpy(), frames.cpu().numpy()


@contextmanager
def _seeded(seed: int | None, device: torch.device) -> Iterator[None]:
    with _global_generator:
        if seed is None:
            yield
            return
        with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
            torch.manual_seed(seed)
            yield


def _checked(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    if samples.size == 0:
        raise SynthesisFailed("Kokoro gave no samples")
    if not np.isfinite(samples).all():
        raise SynthesisFailed("Kokoro gave samples that are not numbers")
    return samples
