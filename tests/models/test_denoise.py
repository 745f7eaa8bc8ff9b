"""Noise taken out of recorded speech."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import soundfile

from audio.pcm import Samples
from audio.resample import resample
from models.denoise import denoised

SPEECH = Path(__file__).parent / "rvc" / "data" / "reference.flac"


def speech(sample_rate: int, seconds: float = 3.0) -> Samples:
    samples, rate = soundfile.read(SPEECH, dtype="float32")
    return resample(samples[: round(seconds * rate)], rate, sample_rate)


def noisy(clean: Samples, decibels: float, seed: int = 0) -> Samples:
    """With white noise that is so much softer than it."""
    noise = np.random.default_rng(seed).normal(0, 1, len(clean))
    noise *= np.sqrt((clean**2).mean() / (noise**2).mean() / 10 ** (decibels / 10))
    mixed: Samples = (clean + noise).astype(np.float32)
    return mixed


def si_snr(wanted: Samples, found: Samples) -> float:
    """Decibels, whatever the loudness."""
    error = wanted - (wanted @ found) / (found @ found) * found
    return float(10 * np.log10((wanted @ wanted) / (error @ error)))


@pytest.mark.parametrize("sample_rate", [24_000, 48_000])
def test_noise_is_lowered_by_8_decibels_and_speech_stays_where_it_was(sample_rate: int) -> None:
    clean = speech(sample_rate)
    before = noisy(clean, 5)
    after = denoised(before, sample_rate)
    assert after.shape == before.shape
    assert after.dtype == np.float32
    assert si_snr(clean, after) > si_snr(clean, before) + 8


def test_clean_speech_is_left_as_it_is() -> None:
    clean = speech(24_000)
    assert si_snr(clean, denoised(clean, 24_000)) > 15


@pytest.mark.parametrize("samples", [0, 1, 479, 24_001])
def test_silence_stays_silence_of_that_length(samples: int) -> None:
    after = denoised(np.zeros(samples, np.float32), 24_000)
    assert after.shape == (samples,)
    assert not after.any()


def test_clips_at_once_never_mix() -> None:
    clips = [noisy(speech(24_000, 0.5), 5, seed) for seed in range(3)]
    alone = [denoised(clip, 24_000) for clip in clips]
    with ThreadPoolExecutor(3) as pool:
        together = list(pool.map(lambda clip: denoised(clip, 24_000), clips))
    assert all(np.array_equal(one, other) for one, other in zip(alone, together, strict=True))
    assert not np.array_equal(alone[0], alone[1])
