"""How loud a clip is. Light: no engine is loaded for it."""

import numpy as np

from audio.limiter import amplified
from audio.loudness import gain_to, measure_loudness
from audio.pcm import Samples

LOUDNESS = -23.0
"""LUFS of a clip; its peak is at -1 dBFS at most."""


def levelled(clip: Samples, sample_rate: int) -> Samples:
    """`clip` (n,), mono, at `LOUDNESS`, as long as it was. Silence stays as it is."""
    gain = gain_to(LOUDNESS, measure_loudness([clip], sample_rate))
    return np.concatenate(list(amplified([clip], sample_rate, gain)))
