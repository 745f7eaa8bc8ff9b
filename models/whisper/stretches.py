"""Cuts speech where it is quiet, so that its stretches can be decoded at the same time."""

import numpy as np

from models.whisper.speech import SAMPLE_RATE, Samples, Speech

LONGEST = 30 * SAMPLE_RATE
"""Samples that Whisper hears at once."""

FRAME = SAMPLE_RATE // 50
PAUSE = 15
"""Frames (0.3 s) that must be quiet together: a pause between words, not a stop inside one."""


def stretches(speech: Speech) -> list[tuple[int, int]]:
    """All of the speech in stretches (start, end), in its samples, of at most 30 s; each ends quietly."""
    found, start = [], 0
    while speech.length - start > LONGEST:
        end = quiet_end(speech, start, start + LONGEST)
        found.append((start, end))
        start = end
    return [*found, (start, speech.length)] if start < speech.length else []


def whole(speech: Speech) -> list[tuple[int, int]]:
    """All of the speech in one stretch; none where nobody speaks."""
    return [(0, speech.length)] if speech.length else []


def quiet_end(speech: Speech, start: int, end: int) -> int:
    """The quietest place in the last third of `start` to `end`, in samples of the speech."""
    earliest = end - (end - start) // 3
    return earliest + quietest(speech.cut(earliest, end))


def quietest(samples: Samples) -> int:
    """The middle of the quietest 0.3 s, as an index. Wants 0.3 s at least."""
    frames = samples[: samples.size // FRAME * FRAME].reshape(-1, FRAME)
    energy = np.convolve(np.square(frames).mean(axis=1), np.ones(PAUSE), mode="valid")
    return (int(energy.argmin()) * 2 + PAUSE) * FRAME // 2
