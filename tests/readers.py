"""People who read aloud, for the tests of references: Kokoro's voices."""

from pathlib import Path

import numpy as np

from audio.join import join
from audio.pcm import Samples
from audio.resample import resample
from bench.diarization import RATE
from tests.conversation import spoken

SAMPLE_RATE = 24_000
PAUSE = 0.4


def reading(models_dir: Path, voice: int = 0, *, pause: float = PAUSE) -> Samples:
    """`tests.conversation.TEXTS` by one of its voices, 24 kHz: three sentences, 8 s, `pause` between them."""
    sentences = spoken(models_dir)[voice]
    return resample(np.concatenate([*join([(one, pause) for one in sentences], RATE)]), RATE, SAMPLE_RATE)


def silence(seconds: float) -> Samples:
    return np.zeros(round(seconds * SAMPLE_RATE), np.float32)


def mixed(speech: Samples, sound: Samples, decibels: float) -> Samples:
    """`speech` with as much of `sound` that it has so many decibels less."""
    sound = np.resize(sound, speech.shape)
    factor = np.sqrt(np.mean(speech**2) / np.mean(sound**2)) / 10 ** (decibels / 20)
    return (speech + np.float32(factor) * sound).astype(np.float32)
