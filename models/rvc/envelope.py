"""The loudness of the recording laid over the result: the reference's `rms_mix_rate`, of any length in bounded memory.

The reference measures the rms of one second at every half second (librosa's `feature.rms`, with zeros beyond the ends),
stretches both courses over the result (torch's linear `interpolate`), and multiplies by in ** (1 - r) * out ** (r - 1).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from audio.pcm import Samples
from models.rvc.frames import SAMPLE_RATE
from models.rvc.recording import Recording

QUIETEST = 1e-6
"""The least rms that a result is divided by."""

LOUDEST = 0.99
BLOCK = 1 << 19
"""Samples worked on at once."""

Course = npt.NDArray[np.float64]
"""The rms of the second around each half second, from 0 on."""


def headroom(peak: float) -> float:
    """What the reference multiplies a whole result of this peak by, before it makes 16-bit samples of it."""
    return 1 / max(1.0, peak / LOUDEST)


def mixed(
    blocks: Iterable[Samples], recording: Recording, *, rate: float, sample_rate: int, length: int
) -> Iterator[Samples]:
    """`blocks` of float32 at `sample_rate` with the loudness of the recording; as many samples, in other blocks.

    `rate`: 1 leaves the result's own loudness, 0 imposes the recording's. A second is held back until what follows is
    known. Raises ValueError where the blocks are not `length` samples together.
    """
    if rate == 1:
        yield from blocks
        return
    mix = _Mix(_course(recording), sample_rate, length, rate)
    for block in blocks:
        for start in range(0, len(block), BLOCK):
            yield mix.add(block[start : start + BLOCK])
    yield mix.rest()


class _Mix:
    def __init__(self, wanted: Course, sample_rate: int, length: int, rate: float) -> None:
        self._wanted = wanted
        self._heard = _Loudness(sample_rate // 2)
        self._length = length
        self._rate = rate
        self._pending = np.empty(0, np.float32)
        self._done = 0

    def add(self, block: Samples) -> Samples:
        """Take in what follows; the samples whose loudness is known by now."""
        self._heard.add(block)
        self._pending = np.concatenate([self._pending, block])
        # a sample's rms lies between two points, and the point after the last full half second is not yet known
        settled = int((len(self._heard.halves) - 0.5) * self._length / self._points - 0.5)
        return self._scaled(max(0, settled - self._done))

    def rest(self) -> Samples:
        """Raises ValueError where it is more or less than was to come."""
        count = self._done + len(self._pending)
        if count != self._length:
            raise ValueError(f"{count} samples came instead of {self._length}")
        return self._scaled(len(self._pending))

    @property
    def _points(self) -> int:
        """Of the whole result's course."""
        return self._length // self._heard.half + 1

    def _scaled(self, count: int) -> Samples:
        samples, self._pending = self._pending[:count], self._pending[count:]
        places = (np.arange(self._done, self._done + len(samples)) + 0.5) / self._length
        self._done += len(samples)
        wanted = _stretched(self._wanted, len(self._wanted), places)
        heard = np.maximum(_stretched(self._heard.course, self._points, places), QUIETEST)
        gain = wanted ** (1 - self._rate) * heard ** (self._rate - 1)
        scaled: Samples = samples * gain.astype(np.float32)
        return scaled


@dataclass(slots=True)
class _Loudness:
    """The rms of a sound that comes in blocks."""

    half: int
    """Samples of half a second."""
    halves: list[float] = field(default_factory=list)
    """The sum of squares of each half second that is full."""
    _begun: float = 0.0
    _seen: int = 0

    def add(self, block: Samples) -> None:
        while len(block):
            part, block = block[: self.half - self._seen], block[self.half - self._seen :]
            self._begun += float(np.square(part, dtype=np.float64).sum())
            self._seen += len(part)
            if self._seen == self.half:
                self.halves.append(self._begun)
                self._begun, self._seen = 0.0, 0

    @property
    def course(self) -> Course:
        """As if nothing followed."""
        halves = np.array([0.0, *self.halves, self._begun])
        rms: Course = np.sqrt((halves[:-1] + halves[1:]) / (2 * self.half))
        return rms


def _course(recording: Recording) -> Course:
    loudness = _Loudness(SAMPLE_RATE // 2)
    for start in range(0, len(recording), BLOCK):
        loudness.add(recording.samples[start : start + BLOCK])
    return loudness.course


def _stretched(course: Course, points: int, places: npt.NDArray[np.float64]) -> Course:
    """`course`, the first of so many points, over the whole; `places` from 0 to 1 of it."""
    stretched: Course = np.interp(places * points - 0.5, np.arange(len(course)), course)
    return stretched
