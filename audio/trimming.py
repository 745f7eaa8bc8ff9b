"""Silence around a programme: where its sound begins and ends, and the cut there."""

from collections.abc import Iterable, Iterator

import numpy as np

from audio.pcm import Samples

SILENT = 10 ** (-50 / 20)
"""What does not reach -50 dBFS is silence: the noise of a synthetic voice lies below, its softest consonant above."""

MARGIN_SECONDS = 0.01
"""Kept around the sound, where it swells and dies away."""


def sounding(chunks: Iterable[Samples], sample_rate: int) -> tuple[int, int]:
    """The samples `start:end` of mono `chunks`, laid end to end, outside of which there is only silence.

    All of them where there is no sound at all.
    """
    first, last, total = None, 0, 0
    for samples in chunks:
        loud = np.flatnonzero(np.abs(samples) > SILENT)
        if loud.size:
            first = total + int(loud[0]) if first is None else first
            last = total + int(loud[-1]) + 1
        total += samples.size
    if first is None:
        return 0, total
    margin = round(MARGIN_SECONDS * sample_rate)
    return max(0, first - margin), min(total, last + margin)


def cut(chunks: Iterable[Samples], start: int, end: int | None) -> Iterator[Samples]:
    """The samples `start:end` of `chunks` laid end to end, piece by piece; None: to their end."""
    done = 0
    for samples in chunks:
        kept = samples[max(0, start - done) : None if end is None else max(0, end - done)]
        done += samples.size
        if kept.size:
            yield kept
