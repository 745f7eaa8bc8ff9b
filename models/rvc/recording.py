"""The recording as the nets hear it: at 16 kHz, not too loud, without rumble, and mirrored beyond its ends."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy import signal

from audio.pcm import Samples
from models.rvc.frames import SAMPLE_RATE

BLOCK = 30 * SAMPLE_RATE
"""Samples worked on at once, so that hours need no more memory than minutes."""

SETTLED = 2 * SAMPLE_RATE
"""Samples after which the filter has forgotten how it began: its slowest part fades by e every 11 ms."""

LOUDEST = 0.95

_NUMERATOR, _DENOMINATOR = signal.butter(5, 48, btype="high", fs=SAMPLE_RATE)
_ODD = 3 * max(len(_NUMERATOR), len(_DENOMINATOR))  # samples that scipy's filtfilt adds at each end


@dataclass(frozen=True, slots=True, eq=False)
class Recording:
    samples: Samples
    """(n,) float32 at 16 kHz, peak-limited and high-passed; on disk where a folder was given."""
    silent: bool = False
    """Whether all of it is zero."""

    @classmethod
    def prepare(cls, audio: Samples, folder: Path | None) -> "Recording":
        """`audio`, (n,) float32 at 16 kHz and perhaps a memory map, as the reference prepares it.

        What is louder than 0.95 is turned down, then a Butterworth high-pass (order 5, 48 Hz) goes over it forwards and
        backwards. Samples that are no number are silence. The result goes into a file in `folder`, or into memory.

        Raises ValueError where there is no sample, and OSError where the disk is full.
        """
        if not len(audio):
            raise ValueError("the recording is empty")
        peak = max(float(np.abs(block).max()) for block in _blocks(audio)) / LOUDEST
        samples = _room(len(audio), folder)
        for start in range(0, len(audio), BLOCK):
            stop = min(start + BLOCK, len(audio))
            samples[start:stop] = _high_passed(audio, start, stop, max(peak, 1.0))
        return cls(samples, silent=not peak)

    def __len__(self) -> int:
        return len(self.samples)

    def padded(self, start: int, stop: int, pad: int) -> Samples:
        """Samples `start` to `stop`, counted from `pad` samples before the recording.

        Beyond its ends lies its reflection, as often as it takes, as numpy's `pad` has it.
        """
        start, stop = start - pad, stop - pad
        first, last = min(max(start, 0), len(self)), min(max(stop, 0), len(self))
        return np.concatenate(
            [
                self._reflected(start, min(stop, 0)),
                self.samples[first : max(first, last)],
                self._reflected(max(start, len(self)), stop),
            ]
        )

    def _reflected(self, start: int, stop: int) -> Samples:
        period = max(2 * (len(self) - 1), 1)
        at = np.arange(start, stop) % period
        return self.samples[np.minimum(at, period - at) if len(self) > 1 else at]


def _room(length: int, folder: Path | None) -> Samples:
    if folder is None:
        return np.empty(length, np.float32)
    path = folder / "recording.f32"
    with path.open("wb") as file:
        # A hole in a mapped file that the disk has no room for ends the process.
        os.posix_fallocate(file.fileno(), 0, length * np.dtype(np.float32).itemsize)
    samples = np.memmap(path, np.float32, "r+", shape=(length,))
    path.unlink()  # it stays for as long as it is mapped, and no longer, whatever ends the process
    return samples


def _blocks(audio: Samples) -> Iterator[Samples]:
    for start in range(0, len(audio), BLOCK):
        yield _numbers(audio[start : start + BLOCK])


def _numbers(block: Samples) -> Samples:
    return np.nan_to_num(block, nan=0.0, posinf=0.0, neginf=0.0)


def _high_passed(audio: Samples, start: int, stop: int, peak: float) -> npt.NDArray[np.float64]:
    """Samples `start` to `stop` of the filter over the whole, but for what lies `SETTLED` samples away."""
    first = max(0, start - SETTLED)
    heard = _numbers(audio[first : stop + SETTLED]) / np.float32(peak)
    filtered: npt.NDArray[np.float64] = signal.filtfilt(
        _NUMERATOR, _DENOMINATOR, heard, padlen=min(_ODD, len(heard) - 1)
    )
    return filtered[start - first :][: stop - start]
