"""Where a long recording is cut: at quiet points, so that nobody hears the joints."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from models.rvc.frames import HOP, SAMPLE_RATE
from models.rvc.options import Span
from models.rvc.recording import Recording


@dataclass(frozen=True, slots=True)
class Chunk:
    """Frames `start` to `stop` of the recording. The last one of all may be only begun."""

    start: int
    stop: int


def chunks(recording: Recording, span: Span) -> tuple[Chunk, ...]:
    """The whole recording, cut where it is quiet."""
    ends = [0, *quiet_cuts(recording, span), -(-len(recording) // HOP)]
    return tuple(Chunk(start, stop) for start, stop in pairwise(ends))


def quiet_cuts(recording: Recording, span: Span) -> list[int]:
    """Frames at which the recording is cut, rising; none where it is no longer than `span.longest`.

    As in the reference: one cut near each multiple of `span.center`, where the 10 ms around it are quietest, the first
    such point of several, and then the beginning of its frame.
    """
    if len(recording) + HOP <= span.longest * SAMPLE_RATE:
        return []
    center, query = span.center * SAMPLE_RATE, span.query * SAMPLE_RATE
    return [_quietest(recording, near, query) // HOP for near in range(center, len(recording), center)]


def _quietest(recording: Recording, near: int, query: int) -> int:
    start, stop = near - query, min(near + query, len(recording))
    return start + int(_loudness(recording, start, stop).argmin())


def _loudness(recording: Recording, start: int, stop: int) -> npt.NDArray[np.float64]:
    """For each sample `start` to `stop` the sum of the 160 magnitudes that begin 80 before it.

    From sums of 2, 4, 8 and so on: the difference of two running sums would lose what is quiet after what is loud.
    """
    sums = np.abs(recording.padded(start, stop + HOP - 1, HOP // 2), dtype=np.float64)
    of = {1: sums}
    for width in (1, 2, 4, 8, 16, 32, 64):
        of[2 * width] = of[width][:-width] + of[width][width:]
    count = stop - start
    return of[128][:count] + of[32][128:][:count]
