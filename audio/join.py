"""Segments of speech, set one after the other."""

from collections.abc import Iterable, Iterator

import numpy as np

from audio.pcm import Samples

FADE_SECONDS = 0.005


def join(segments: Iterable[tuple[Samples, float]], sample_rate: int) -> Iterator[Samples]:
    """Segments with the pauses between them, as the pieces of one signal without clicks.

    Each item is mono samples (n,) at `sample_rate` Hz and the pause after it in seconds (>= 0). Both edges of a segment
    get a 5 ms raised-cosine fade, and a pause is silence. Nothing overlaps: together the pieces have the samples of all
    segments plus round(pause * sample_rate) for each pause.
    """
    for samples, pause in segments:
        if samples.size:
            yield _faded(samples, sample_rate)
        if silence := round(pause * sample_rate):
            yield np.zeros(silence, np.float32)


def _faded(samples: Samples, sample_rate: int) -> Samples:
    length = min(round(FADE_SECONDS * sample_rate), samples.size // 2)
    rise = (0.5 - 0.5 * np.cos(np.pi * (np.arange(length) + 0.5) / max(length, 1))).astype(np.float32)
    faded = samples.astype(np.float32)
    faded[:length] *= rise
    faded[samples.size - length :] *= rise[::-1]
    return faded
