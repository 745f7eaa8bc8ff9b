"""How loud a programme is: ITU-R BS.1770-4, integrated over gated blocks, with the true peak of its Annex 2.

Measured by ffmpeg's filter `ebur128` (https://ffmpeg.org/ffmpeg-filters.html#ebur128-1), which takes audio in pieces.
"""

import math
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction

import av
import numpy as np
from av.error import BlockingIOError as NothingYet
from av.error import EOFError as AllOut
from av.filter import Graph

from audio.pcm import Samples

CEILING = -1.0
"""dBTP: what EBU R 128 leaves for the overshoot of lossy codecs and converters."""

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
    meter = _Meter(sample_rate)
    for samples in chunks:
        meter.push(samples)
    return meter.finish()


def gain_to(target: float, measured: Loudness) -> float:
    """The factor that brings a programme to `target` LUFS, or as near to it as its peak allows below `CEILING`.

    Silence stays as it is: 1.
    """
    if measured.integrated is None or not measured.peak:
        return 1.0
    return float(min(_factor(target - measured.integrated), _factor(CEILING) / measured.peak))


def decibels(factor: float) -> float:
    """20 log10 of a factor above 0."""
    return 20 * math.log10(factor)


def _factor(level: float) -> float:
    return float(10 ** (level / 20))


class _Meter:
    def __init__(self, sample_rate: int) -> None:
        self._rate = sample_rate
        self._given = 0
        self._found: dict[str, str] = {}
        self._graph = Graph()
        source = self._graph.add_abuffer(
            sample_rate=sample_rate, format="flt", layout="mono", time_base=Fraction(1, sample_rate)
        )
        # `metadata` cuts the audio into frames of one step, each with what was found so far.
        measure = self._graph.add("ebur128", "metadata=1:peak=true")
        source.link_to(measure)
        measure.link_to(self._graph.add("abuffersink"))
        self._graph.configure()

    def push(self, samples: Samples) -> None:
        if not samples.size:
            return
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples[None, :], np.float32), "flt", "mono")
        frame.sample_rate, frame.pts, frame.time_base = self._rate, self._given, Fraction(1, self._rate)
        self._given += samples.size
        self._graph.push(frame)
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
        with suppress(NothingYet, AllOut):
            while True:
                self._found = self._graph.pull().metadata or self._found
