"""The net of an RVC voice: features and a pitch in, samples out. VITS: text encoder, flow, HiFi-GAN.

Features are encoded a chunk at a time. The decoder, nine tenths of the work, then sees windows of one shape: those
frames alone that are kept, with as much context as it hears (`MARGIN`), so what it gives is the reference's, sample by
sample, and windows of several chunks and several jobs go through it as one batch.
"""

import copy
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import torch
from torch import Tensor

from audio.pcm import Samples
from models.device_errors import device_errors
from models.rvc.architecture import Architecture
from models.rvc.graphs import Graphs
from models.rvc.precision import half
from models.rvc.synthesizer import Synthesizer
from models.rvc.weights import read_synthesizer

TILE = 170
"""Frames kept of a window, at most. With 125 a CPU needs 7 % more for each: there is more context to decode."""

MARGIN = 16
"""Frames of context on each side: 14 make no difference to what is kept, for all architectures (measured)."""

WINDOW = TILE + 2 * MARGIN

GPU_BATCH = 16
"""Windows that a GPU decodes at once: 27 s of audio, some half a GiB. On a CPU a batch gains nothing."""

log = logging.getLogger(__name__)


class SynthesisFailed(Exception):
    """The net gave samples that are not numbers."""


@dataclass(frozen=True, slots=True)
class Pitch:
    """Of each frame. `coarse`: int64 (T,), 1 to 255, for the encoder. `f0`: float32 (T,) Hz, 0 where unvoiced."""

    coarse: Tensor
    f0: Tensor


@dataclass(eq=False, slots=True)
class Latent:
    """A chunk before the decoder, float32 on the device.

    `z`: (1, inter, T). `source`: the excitation (1, 1, T * hop), none of a voice without pitch. `g`: the speaker,
    (1, gin, 1).
    """

    z: Tensor
    source: Tensor | None
    g: Tensor

    @property
    def frames(self) -> int:
        return int(self.z.shape[2])


@dataclass(eq=False, slots=True)
class Tile:
    """Frames `start` to `stop` of a latent, at most `TILE`, to be decoded."""

    latent: Latent
    start: int
    stop: int

    def __post_init__(self) -> None:
        if not (0 <= self.start < self.stop <= self.latent.frames and self.stop - self.start <= TILE):
            raise ValueError(f"no tile of {self.latent.frames} frames: {self.start} to {self.stop}")

    @property
    def width(self) -> int:
        """Frames of its window: `WINDOW`, or the whole of a latent that is shorter."""
        return min(WINDOW, self.latent.frames)

    @property
    def first(self) -> int:
        """Frame at which its window begins; at the latent's ends that is moved inwards."""
        return min(max(self.start - MARGIN, 0), self.latent.frames - self.width)


def tiles(latent: Latent, start: int, stop: int) -> list[Tile]:
    """Those that cover the frames `start` to `stop`, in order."""
    return [Tile(latent, first, min(first + TILE, stop)) for first in range(start, stop, TILE)]


class Net:
    """One voice's net on one device. Not for two threads at once."""

    def __init__(self, synthesizer: Synthesizer, architecture: Architecture, device: torch.device) -> None:
        """`synthesizer`: float32; it is moved, and made float16 where the device is faster with it."""
        self.architecture = architecture
        self._device = device
        self._synthesizer = synthesizer.to(device, torch.float16 if half(device) else torch.float32)
        self._exact: Synthesizer | None = None
        on_gpu = device.type == "cuda"
        self.batch = GPU_BATCH if on_gpu else 1
        self._graphs = Graphs(self._synthesizer, self.batch) if on_gpu else None

    @classmethod
    def read(cls, weights: Path, device: str) -> "Net":
        """From a `voice.safetensors`. Raises `ModelUnreadable`, `OutOfMemory` and `DeviceLost` of `models.errors`."""
        architecture, net = read_synthesizer(weights)
        with device_errors(torch.device(device)):
            return cls(Synthesizer(net, architecture), architecture, torch.device(device))

    def encode(
        self,
        features: Tensor,
        pitch: Pitch | None,
        speaker: int,
        noise: torch.Generator,
        between: Callable[[], None] = lambda: None,
    ) -> Latent:
        """The latent of a chunk: features (1, T, 256 or 768) float32; `pitch` of T frames for a voice with f0 alone.

        `noise`: a generator of the CPU, read as the reference reads torch's own: noise of the latent, one number that
        the reference throws away, noise of the excitation. Equal seeds give equal samples on any device, but for
        rounding. `between` is called amid the work, and what it raises ends it.

        Raises `ValueError` (a speaker or a pitch that the voice does not have), `SynthesisFailed`, `OutOfMemory`,
        `DeviceLost`.
        """
        self._check(features, pitch, speaker)
        with torch.inference_mode(), device_errors(self._device):
            of_latent, of_source = self._draw(features.shape[1], noise)
            features = features.to(self._device)
            coarse = None if pitch is None else pitch.coarse.to(self._device)[None]
            z = self._finite(lambda net: net.latent(features, coarse, net.speaker(speaker), of_latent, between))
            f0 = None if pitch is None else pitch.f0.to(self._device)
            source = None if f0 is None or of_source is None else self._synthesizer.source(f0, of_source)
            return Latent(z, source, self._synthesizer.speaker(speaker).float())

    def decode(self, tiles: Sequence[Tile]) -> list[Samples]:
        """Samples of each tile, float32 ((stop - start) * hop,), -1 to 1. The tiles may be of several latents.

        They go through the decoder `batch` at a time. Raises `SynthesisFailed`, `OutOfMemory` (fewer tiles may fit) and
        `DeviceLost`.
        """
        samples: list[Samples] = []
        for width, alike in groupby(tiles, key=lambda tile: tile.width):
            for group in _batches(list(alike), self.batch):
                samples += self._decoded(group, width)
        return samples

    def _decoded(self, tiles: Sequence[Tile], width: int) -> Iterator[Samples]:
        hop = self.architecture.hop
        with torch.inference_mode(), device_errors(self._device):
            z = torch.cat([tile.latent.z[:, :, tile.first : tile.first + width] for tile in tiles])
            source = self._sources(tiles, width)
            g = torch.cat([tile.latent.g for tile in tiles])
            decoded = torch.tanh(self._finite(lambda net: self._forward(net, width)(z, source, g))).cpu().numpy()
        for tile, window in zip(tiles, decoded, strict=True):
            first = (tile.start - tile.first) * hop
            yield window[first : first + (tile.stop - tile.start) * hop].copy()  # a view would keep the whole batch

    def _sources(self, tiles: Sequence[Tile], width: int) -> Tensor | None:
        hop = self.architecture.hop
        windows = [
            tile.latent.source[:, :, tile.first * hop : (tile.first + width) * hop]
            for tile in tiles
            if tile.latent.source is not None
        ]
        return torch.cat(windows) if windows else None

    def _forward(self, net: Synthesizer, width: int) -> Callable[[Tensor, Tensor | None, Tensor], Tensor]:
        """Graphs are of the usual net and the usual window."""
        return self._graphs if self._graphs and net is self._synthesizer and width == WINDOW else net

    def _finite(self, compute: Callable[[Synthesizer], Tensor]) -> Tensor:
        """What `compute` gives, in float32 if float16 is too short for it."""
        result = compute(self._synthesizer)
        if not bool(result.isfinite().all()) and self._synthesizer.dtype != torch.float32:
            log.warning("a voice overflows in float16: this piece of it is computed in float32")
            if self._exact is None:
                self._exact = copy.deepcopy(self._synthesizer).float()
            result = compute(self._exact)
        if not bool(result.isfinite().all()):
            raise SynthesisFailed("the voice gave samples that are not numbers")
        return result

    def _draw(self, frames: int, noise: torch.Generator) -> tuple[Tensor, Tensor | None]:
        of_latent = torch.randn(1, self._synthesizer.channels, frames, generator=noise).to(self._device)
        if not self.architecture.f0:
            return of_latent, None
        torch.rand(1, generator=noise)  # the reference's first phase of the harmonics, of which RVC has none
        return of_latent, torch.randn(frames * self.architecture.hop, generator=noise).to(self._device)

    def _check(self, features: Tensor, pitch: Pitch | None, speaker: int) -> None:
        if not 0 <= speaker < self.architecture.speakers:
            raise ValueError(f"the voice has the speakers 0 to {self.architecture.speakers - 1}, not {speaker}")
        if (pitch is not None) != self.architecture.f0:
            raise ValueError(f"the voice takes {'a' if self.architecture.f0 else 'no'} pitch")
        if pitch is not None and not len(pitch.coarse) == len(pitch.f0) == features.shape[1]:
            raise ValueError(f"{len(pitch.f0)} frames of pitch for {features.shape[1]} of features")


def _batches(tiles: list[Tile], size: int) -> Iterator[list[Tile]]:
    return (tiles[first : first + size] for first in range(0, len(tiles), size))
