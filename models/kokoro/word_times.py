"""When the words of a render are spoken."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from models.captions import TimedWord
from models.kokoro.engine import Kokoro, Synthesis
from models.kokoro.silence import FRAME
from models.kokoro.words import Word

# Kokoro sounds a phoneme about 75 ms before its place in the durations: `KPipeline.join_timestamps` of the package
# takes off as much, and the onsets measured in two voices at two speeds lie 2 to 4 frames early.
_EARLY = 3

_SILENT = 0.01  # of the peak: -40 dB


def word_times(words: Iterable[Word], synthesis: Synthesis) -> list[TimedWord]:
    """The times of a segment's words, in seconds from its first sample, in steps of 25 ms; none overlaps the next.

    By the durations a pause belongs to the phoneme before it; here a word begins and ends with its sound.
    """
    edges = np.maximum(0, np.concatenate(([0], np.cumsum(synthesis.durations))) - _EARLY)
    level = np.abs(synthesis.samples).reshape(-1, FRAME).max(axis=1)
    sounding = level > _SILENT * level.max(initial=0.0)
    seconds = FRAME / Kokoro.sample_rate
    found = []
    end = 0
    for word in words:
        # The first duration is the start border's.
        start, last = _sound(sounding, int(edges[word.first + 1]), int(edges[word.last + 1]))
        start = max(start, end)
        end = max(last, start + 1)  # a fast first word may end before its place in the durations begins
        found.append(TimedWord(start * seconds, end * seconds, word.start, word.end))
    return found


def _sound(sounding: NDArray[np.bool_], start: int, end: int) -> tuple[int, int]:
    """The frames `start:end` without silence at their ends; all of them where there is only silence."""
    found = np.flatnonzero(sounding[start:end])
    return (start + int(found[0]), start + int(found[-1]) + 1) if found.size else (start, end)
