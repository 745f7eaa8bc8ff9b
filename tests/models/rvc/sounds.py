"""A voice to be converted, made by rule."""

import numpy as np

from audio.pcm import Samples
from models.rvc.frames import SAMPLE_RATE


def voiced(seconds: float, *, loud: float = 0.3, seed: int = 0) -> Samples:
    """Harmonics of a gliding f0 that wavers, in syllables of half a second with breath between them."""
    rng = np.random.default_rng(seed)
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    f0 = 160 + 50 * np.sin(2 * np.pi * 0.4 * time + seed) + 6 * np.sin(2 * np.pi * 5.5 * time)
    phase = 2 * np.pi * np.cumsum(f0) / SAMPLE_RATE
    tone = np.sum([np.sin(k * phase) / k for k in range(1, 13)], axis=0)
    syllables = np.clip(3 * np.sin(2 * np.pi * time + seed), 0, 1)
    samples: Samples = (loud * tone * syllables / 2 + 0.003 * rng.standard_normal(len(time))).astype(np.float32)
    return samples
