"""Where a long recording is cut: at quiet points, so that nobody hears the joints."""

from collections.abc import Iterable, Iterator

import numpy as np

from audio.pcm import Samples

WINDOW_SECONDS = 0.02
"""The quietest stretch of this length is where it is cut."""

FIRST, LAST = 2 / 3, 4 / 3
"""Of the longest piece: from here on it may be cut; it is cut once so much is there, so that no short rest stays."""


def pieces_of(blocks: Iterable[Samples], sample_rate: int, longest: float) -> Iterator[Samples]:
    """Mono `blocks` (n,) laid end to end, in pieces of at most `longest` seconds; together they are all of it.

    None but an only one is shorter than a third of `longest`. Where the cuts between the blocks fall changes nothing.
    No more than two pieces lie in memory, and a block.
    """
    most = int(longest * sample_rate)
    held = np.zeros(0, np.float32)
    for block in blocks:
        held = np.concatenate([held, block])
        while held.size > LAST * most:
            end = _quietest(held, round(FIRST * most), most, sample_rate)
            yield held[:end]
            held = held[end:]
    if held.size > most:
        end = _quietest(held, round(0.4 * held.size), round(0.6 * held.size), sample_rate)
        yield held[:end]
        held = held[end:]
    if held.size:
        yield held


def _quietest(samples: Samples, first: int, last: int, sample_rate: int) -> int:
    """The middle of the quietest stretch between the two."""
    window = min(max(1, round(WINDOW_SECONDS * sample_rate)), last - first)
    sums = np.concatenate([[0.0], np.cumsum(np.square(samples[first:last], dtype=np.float64))])
    return first + int((sums[window:] - sums[:-window]).argmin()) + window // 2
