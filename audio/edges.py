"""The beginning and the end of a piece of speech, while it comes."""

from collections.abc import Iterable, Iterator

import numpy as np

from audio.join import FADE_SECONDS
from audio.pcm import Samples
from audio.trimming import MARGIN_SECONDS, SILENT


def without_edges(blocks: Iterable[Samples], sample_rate: int) -> Iterator[Samples]:
    """Mono `blocks` (n,) laid end to end, without the silence before the first sound and after the last.

    Both ends swell and die away within 5 ms. Silence amid the speech stays: it is held back until more sound comes, and
    so are the last 10 ms. Where the cuts between the blocks fall changes no sample. Nothing where all of it is silent.
    """
    margin, fade = round(MARGIN_SECONDS * sample_rate), round(FADE_SECONDS * sample_rate)
    held, last = np.zeros(0, np.float32), 0  # `last`: of `held`, where its last sound ends; 0 before the first
    begun = False
    for block in blocks:
        loud = np.flatnonzero(np.abs(block) > SILENT)
        held, before = np.concatenate([held, block]), held.size
        if not loud.size:
            held = held if last else held[-margin:]
            continue
        start = 0 if last else max(0, before + int(loud[0]) - margin)
        held, last = held[start:], before + int(loud[-1]) + 1 - start
        ready = last - margin
        if ready >= (1 if begun else fade):  # the swell is of one piece
            yield held[:ready] if begun else _risen(held, fade)[:ready]
            held, last, begun = held[ready:], margin, True
    if last:
        rest = held[: last + margin]
        yield _risen((rest if begun else _risen(rest, fade))[::-1], fade)[::-1]


def _risen(samples: Samples, fade: int) -> Samples:
    length = min(fade, samples.size)
    rise = (0.5 - 0.5 * np.cos(np.pi * (np.arange(length) + 0.5) / max(length, 1))).astype(np.float32)
    return np.concatenate([samples[:length] * rise, samples[length:]])
