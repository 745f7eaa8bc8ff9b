"""Kokoro-82M, the modules of the `kokoro` package: phonemes and a voice in, 24 kHz speech out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from models.blend import parse_blend
from models.device_errors import device_errors
from models.kokoro.forward import Forward
from models.kokoro.kernel import examples, kernel
from models.kokoro.precision import convolution_dtype, lower
from models.kokoro.silence import trim
from models.kokoro.weights import read_model, read_voice
from models.layout import lay_out

MOST_PHONEMES = 510  # 512 positions of the encoder, two of them borders

FRAMES_PER_PHONEME = 2.7

_BORDER, _UNKNOWN = 0, -1

BYTES_PER_FRAME = 2_000_000
"""Of device memory at the widest place: 120 steps of 128 channels for a frame, in some thirty tensors. Not measured."""

SHARE = 0.7
"""Of the free memory for one batch: the allocator's fragments and the convolutions' workspaces need the rest."""


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

    def check(self) -> None:
        """Raises `ValueError` for what no voice can speak."""
        if not 0 < len(self.phonemes) <= MOST_PHONEMES:
            raise ValueError(f"Kokoro speaks 1 to {MOST_PHONEMES} phonemes at once, not {len(self.phonemes)}")
        if not self.speed > 0:
            raise ValueError(f"a speed is above 0, not {self.speed}")

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
    """One model, which threads may share.

    `folder` holds `kokoro-v1_0.pth` and `voices/<id>.bin` (float32, little endian, (510, 1, 256)). `compiles`: begin
    with `compile` once the weights are loaded.
    """

    sample_rate = 24000

    def __init__(self, folder: Path, *, compiles: bool = False) -> None:
        self._folder = folder
        self._compiles = compiles
        self._model: Any = None
        self._forward: Forward | None = None
        self._voices: dict[str, torch.Tensor] = {}

    def load(self, device: str) -> None:
        """Read the weights onto a torch device ("cpu", "cuda:1"). Raises `ModelUnreadable`."""
        model = read_model(self._folder).to(device)
        lay_out(model.decoder.generator)
        lower(model.decoder, convolution_dtype(model.device))
        # torch lets cuDNN round factors to 10 bits, also in the layers that decide durations and f0.
        torch.backends.cudnn.conv.fp32_precision = torch.backends.cudnn.rnn.fp32_precision = "ieee"
        self._kernel = kernel(model.device)
        self._model, self._forward = model, Forward(model, self._kernel)
        if self._compiles:
            self.compile()

    def compile(self) -> Thread:
        """Begin to compile the kernels of this device in a thread of its own: nothing that is rendered waits for it.

        A seed's samples then differ by rounding from those before.
        """
        if self._model is None:
            raise RuntimeError("Kokoro is not loaded")
        device = self._model.device
        return self._kernel.compile(examples(device, convolution_dtype(device)))

    def unload(self) -> None:
        """Let go of the weights; `load` brings them back."""
        self._model = self._forward = None
        self._voices.clear()

    def synthesize(self, phonemes: str, voice: str, speed: float, *, seed: int | None = None) -> Synthesis:
        """Speak one `Utterance`. Silence at the ends is cut (`models.kokoro.silence`), so that segments can be laid end
        to end.

        Raises `ValueError` (too many phonemes, a speed of 0 or less, a blend that cannot be read),
        `weights.UnknownVoice`, `ModelUnreadable`, `SynthesisFailed`, `OutOfMemory` and `DeviceLost` of `models.errors`.
        """
        return self.synthesize_batch([Utterance(phonemes, voice, speed, seed)])[0]

    def synthesize_batch(
        self, utterances: Sequence[Utterance], *, between: Callable[[], None] = lambda: None
    ) -> list[Synthesis]:
        """Speak several utterances as one batch; each comes out as it would alone.

        `between` is called on this thread between two stages, a fraction of a second apart. It may render something
        more urgent meanwhile, on this object too; what it raises ends the batch.

        Raises what `synthesize` raises, for any of them.
        """
        if self._forward is None:
            raise RuntimeError("Kokoro is not loaded")
        for one in utterances:
            one.check()
        tokens = [self._tokens(one.phonemes) for one in utterances]
        styles = torch.stack([self._style(one.voice, len(one.phonemes)) for one in utterances])
        speeds = torch.tensor([one.speed for one in utterances], device=styles.device)
        known = [torch.from_numpy(ids[ids != _UNKNOWN]) for ids in tokens]
        with torch.inference_mode(), device_errors(styles.device):
            samples, frames = self._forward(known, styles, speeds, [one.seed for one in utterances], between)
        rendered = zip(utterances, tokens, samples, frames, strict=True)
        return [_finished(one, ids, sound.numpy(), lasting.numpy()) for one, ids, sound, lasting in rendered]

    def room(self) -> int:
        """Frames that a batch may hold now, its padding counted: as the card's free memory has it.

        0 on the CPU, where a batch takes longer than its items one by one.
        """
        if self._model is None or self._model.device.type != "cuda":
            return 0
        free, _ = torch.cuda.mem_get_info(self._model.device)
        # What torch's allocator holds and nobody uses is free, too.
        held = torch.cuda.memory_reserved(self._model.device) - torch.cuda.memory_allocated(self._model.device)
        return int(SHARE * (free + held) / BYTES_PER_FRAME)

    def _tokens(self, phonemes: str) -> NDArray[np.int64]:
        return np.array([_BORDER, *(self._model.vocab.get(symbol, _UNKNOWN) for symbol in phonemes), _BORDER])

    def _style(self, voice: str, length: int) -> torch.Tensor:
        """A voice is a table of styles by length of the text, as in the package's `KPipeline.infer`; a blend is the
        weighted mean of its voices' styles.
        """
        styles = [part.weight * self._table(part.voice)[length - 1] for part in parse_blend(voice)]
        return torch.cat(styles).sum(dim=0)

    def _table(self, voice: str) -> torch.Tensor:
        if voice not in self._voices:
            self._voices[voice] = torch.from_numpy(read_voice(self._folder, voice)).to(self._model.device)
        return self._voices[voice]


def _finished(
    utterance: Utterance, tokens: NDArray[np.int64], samples: NDArray[np.float32], frames: NDArray[np.int64]
) -> Synthesis:
    durations = np.zeros(len(tokens), dtype=np.int64)
    durations[tokens != _UNKNOWN] = frames
    spoken, lasting = trim(_checked(samples), durations, utterance.speed, utterance.phonemes)
    return Synthesis(spoken.copy(), lasting)  # a view would keep the whole batch


def _checked(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    if samples.size == 0:
        raise SynthesisFailed("Kokoro gave no samples")
    if not np.isfinite(samples).all():
        raise SynthesisFailed("Kokoro gave samples that are not numbers")
    return samples
