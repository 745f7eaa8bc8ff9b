"""How loud a programme is: ITU-R BS.1770-4, integrated over gated blocks, with the true peak of its Annex 2.

Measured by ffmpeg's filter `ebur128` (https://ffmpeg.org/ffmpeg-filters.html#ebur128-1), which takes audio in pieces.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from audio.filters import mono_frame, mono_graph, pulled
from audio.pcm import Samples

_STEP = 0.1  # seconds from one gating block to the next
_BLOCK = 0.4
_SILENT = -70.0  # LUFS: the absolute gate, and what the filter says where nothing passes it


@dataclass(frozen=True, slots=True)
class Loudness:
    """`integrated` in LUFS, None for silence; `peak` is the true peak as a factor of full scale."""

    integrated: float | None
    peak: float


def measure_loudness(chunks: Iterable[Samples], sample_rate: int) -> Loudness:
    """The loudness of mono `chunks`, each (n,), laid end to end. Memory stays bounded however long they are.

    Audio shorter than one block of 0.4 s, and the rest behind the last whole one, are measured with silence after them.
    """
    meter = Meter(sample_rate)
    for samples in chunks:
        meter.push(samples)
    return meter.finish()


def gain_to(target: float, measured: Loudness) -> float:
    """The factor that brings a programme to `target` LUFS. Silence stays as it is: 1."""
    return 1.0 if measured.integrated is None else float(10 ** ((target - measured.integrated) / 20))


class Meter:
    """Measures a programme that comes in pieces, each mono (n,)."""

    def __init__(self, sample_rate: int) -> None:
        self._rate = sample_rate
        self._given = 0
        self._found: dict[str, str] = {}
        # `metadata` cuts the audio into frames of one step, each with what was found so far.
        self._graph = mono_graph(sample_rate, ("ebur128", "metadata=1:peak=true"))

    def push(self, samples: Samples) -> None:
        if not samples.size:
            return
        self._graph.push(mono_frame(samples, self._rate, self._given))
        self._given += samples.size
        self._take()

    def finish(self) -> Loudness:
        step = round(_STEP * self._rate)
        whole = max(round(_BLOCK * self._rate), -(-self._given // step) * step)
        self.push(np.zeros(whole - self._given, np.float32))
        self._graph.push(None)
        self._take()
        integrated = float(self._found["lavfi.r128.I"])
        return Loudness(integrated if integrated > _SILENT else None, float(self._found["lavfi.r128.true_peak"]))

    def _take(self) -> None:
        for frame in pulled(self._graph):
            self._found = frame.metadata or self._found
