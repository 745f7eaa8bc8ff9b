"""The silence around a render, cut to what Kokoro leaves between two sentences of one render, or two clauses."""

import re

import numpy as np
from numpy.typing import NDArray

FRAME = 600  # samples per frame of a duration: 25 ms at 24 kHz

# Measured, four voices: 0.2-0.5 s before the first sound and 0.4-0.7 s after the last, so segments laid end to end are
# 0.9 s apart; between two sentences of one render there are 0.25-0.5 s, after a comma, colon or semicolon 0-0.3 s.
# These make it 0.4 s and 0.15 s.
_BEFORE = 3  # frames
_AFTER = 13
_AFTER_CLAUSE = 3
_CLAUSE = re.compile(r"[,;:—][”)\"\s]*\Z")
_SILENT = 0.01  # of the peak: -40 dB


def trim(
    samples: NDArray[np.float32], durations: NDArray[np.int64], speed: float, phonemes: str = ""
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Cut whole frames of silence off both ends of `samples` (n,) and `durations` (frames, n = `FRAME` * sum).

    The silence left at the end is divided by `speed`, as speech is; it is shorter where `phonemes` end in mid-sentence.
    Complete silence is left as it is.
    """
    after = _AFTER_CLAUSE if _CLAUSE.search(phonemes) else _AFTER
    level = np.abs(samples).reshape(-1, FRAME).max(axis=1)
    sounding = np.flatnonzero(level > _SILENT * level.max())
    if not sounding.size:
        return samples, durations
    ends = np.cumsum(durations)
    first = max(0, int(sounding[0]) - _BEFORE)
    last = min(int(ends[-1]), int(sounding[-1]) + 1 + round(after / speed))
    kept = np.clip(ends, first, last)
    return samples[first * FRAME : last * FRAME], kept - np.concatenate(([first], kept[:-1]))
