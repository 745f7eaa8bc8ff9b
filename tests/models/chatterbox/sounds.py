"""Sounds for Chatterbox to hear: a voice is a pitch."""

import numpy as np

from audio.pcm import Samples
from models.cloning.engine import Reference


def hum(pitch: float, seconds: float, rate: int) -> Samples:
    """Something like a vowel: harmonics that swell and fall, over a little noise."""
    time = np.arange(round(seconds * rate)) / rate
    tones = np.sum([np.sin(2 * np.pi * pitch * k * time) / k for k in range(1, 8)], axis=0)
    noise = np.random.default_rng(int(pitch)).normal(0, 0.01, len(time))
    return np.asarray(0.1 * tones * (0.3 + 0.2 * np.sin(6 * np.pi * time)) + noise, dtype=np.float32)


def clip(pitch: float, seconds: float = 5.2) -> Reference:
    return Reference(hum(pitch, seconds, 24_000))
