import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audio.limiter import CEILING, amplified
from audio.loudness import gain_to, measure_loudness
from audio.pcm import Samples
from tests.audio.recordings import decibels

RATE = 24_000


def tone(seconds: float, level: float) -> Samples:
    """A sine whose peak is `level`."""
    return (level * np.sin(2 * np.pi * 440 * np.arange(round(seconds * RATE)) / RATE)).astype(np.float32)


def louder(chunks: list[Samples], gain: float) -> Samples:
    return np.concatenate([np.zeros(0, np.float32), *amplified(chunks, RATE, gain)])


def test_below_the_ceiling_samples_are_only_scaled() -> None:
    sound = tone(0.5, 0.1)
    assert np.allclose(louder([sound[:5_000], sound[5_000:]], 4.0), 4 * sound, atol=1e-6)


def test_peaks_are_turned_down_and_the_rest_is_not() -> None:
    """A loud click now and then, as a plosive is: the speech around it gets its whole gain."""
    sound = tone(2.0, 0.05)
    sound[12_000::24_000] = 0.5
    out = louder([sound], 4.0)
    assert decibels(float(np.abs(out).max())) <= CEILING + 0.01
    assert np.allclose(out[2_000:8_000], 4 * sound[2_000:8_000], atol=1e-4)


@pytest.mark.parametrize("target", [-30.0, -16.0])
def test_a_loudness_is_reached_though_the_peaks_stand_in_its_way(target: float) -> None:
    sound = tone(3.0, 0.05)
    sound[12_000::24_000] = 0.9
    gain = gain_to(target, measure_loudness([sound], RATE))
    reached = measure_loudness([louder([sound], gain)], RATE)
    assert reached.integrated == pytest.approx(target, abs=1.0)
    assert decibels(reached.peak) < 0


@given(st.lists(st.integers(0, 3_000), max_size=6))
@settings(max_examples=30)
def test_no_sample_is_lost_or_shifted(sizes: list[int]) -> None:
    chunks = [tone(size / RATE, 0.2) for size in sizes]
    out = louder(chunks, 2.0)
    assert np.allclose(out, 2 * np.concatenate([np.zeros(0, np.float32), *chunks]), atol=1e-5)
