"""Sounds without a word, 16 kHz."""

import numpy as np

from models.whisper.speech import SAMPLE_RATE, Samples

BEAT = SAMPLE_RATE // 2

Sound = np.ndarray[tuple[int], np.dtype[np.float64]]


def white(seed: int, level: float, seconds: int = 30) -> Samples:
    return np.asarray(level * np.random.default_rng(seed).normal(size=seconds * SAMPLE_RATE), np.float32)


def pink(seed: int, seconds: int = 30) -> Samples:
    """Its power falls with the frequency."""
    spectrum = np.fft.rfft(np.random.default_rng(seed).normal(size=seconds * SAMPLE_RATE))
    spectrum /= np.sqrt(np.maximum(np.arange(spectrum.size), 1))
    sound = np.fft.irfft(spectrum)
    return np.asarray(0.3 * sound / np.abs(sound).max(), np.float32)


def hum(seconds: int = 30) -> Samples:
    """Mains hum of 50 Hz with harmonics."""
    time = np.arange(seconds * SAMPLE_RATE) / SAMPLE_RATE
    harmonics = [np.sin(2 * np.pi * 50 * n * time) / n for n in (1, 2, 3, 5)]
    return np.asarray(0.2 * np.sum(harmonics, axis=0), np.float32)


def music(seed: int, seconds: int = 30) -> Samples:
    """Chords, a melody and drums, 120 beats a minute."""
    random = np.random.default_rng(seed)
    sound = np.zeros(seconds * SAMPLE_RATE)
    for start in range(0, sound.size, BEAT):
        number = start // BEAT
        if number % 4 == 0:
            root = 220 * 2 ** (random.choice([0, 2, 4, 5, 7, 9]) / 12)
            for interval in (0, 4, 7, 12):
                _add(sound, start, 0.07 * _tone(root * 2 ** (interval / 12), 4 * BEAT, fall=0.8))
        _add(sound, start, 0.1 * _tone(440 * 2 ** (random.integers(12) / 12), BEAT, fall=3.0))
        _add(sound, start, _drum(random, snare=bool(number % 2)))
    return sound.astype(np.float32)


def _tone(frequency: float, length: int, *, fall: float) -> Sound:
    time = np.arange(length) / SAMPLE_RATE
    tone = np.zeros(length)
    for harmonic in range(1, 7):
        tone += np.sin(2 * np.pi * frequency * harmonic * time) / harmonic**1.5
    return tone * np.exp(-fall * time) * np.minimum(1, time / 0.02)


def _drum(random: np.random.Generator, *, snare: bool) -> Sound:
    time = np.arange(SAMPLE_RATE // 5) / SAMPLE_RATE
    if snare:
        return 0.3 * random.normal(size=time.size) * np.exp(-25 * time)
    return 0.5 * np.sin(2 * np.pi * (50 * time - np.exp(-30 * time))) * np.exp(-18 * time)


def _add(sound: Sound, start: int, part: Sound) -> None:
    end = min(sound.size, start + part.size)
    sound[start:end] += part[: end - start]
