import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audio.resample import ResampleStream, resample
from tests.audio.recordings import signal_to_noise


def tone(hertz: float, rate: int, seconds: float = 0.5) -> np.ndarray:
    return (0.5 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


@pytest.mark.parametrize(("source", "target"), [(24_000, 48_000), (48_000, 16_000), (44_100, 24_000), (40_000, 44_100)])
def test_a_tone_below_both_limits_is_the_same_tone(source: int, target: int) -> None:
    converted = resample(tone(1_000, source), source, target)
    assert converted.size == pytest.approx(target / 2, abs=1)
    middle = slice(target // 20, -target // 20)
    assert signal_to_noise(tone(1_000, target)[middle], converted[middle]) > 80


def test_what_the_lower_rate_cannot_hold_is_gone_and_not_folded_back() -> None:
    converted = resample(tone(11_000, 48_000), 48_000, 16_000)
    assert np.abs(converted[800:-800]).max() < 1e-4


def test_equal_rates_change_nothing() -> None:
    samples = tone(440, 24_000)
    assert np.array_equal(resample(samples, 24_000, 24_000), samples)


@settings(max_examples=30)
@given(st.lists(st.integers(0, 3_000), max_size=8), st.sampled_from([(24_000, 48_000), (44_100, 16_000)]))
def test_cuts_change_no_sample(sizes: list[int], rates: tuple[int, int]) -> None:
    samples = np.random.default_rng(1).uniform(-1, 1, sum(sizes)).astype(np.float32)
    stream = ResampleStream(*rates)
    pieces = [stream.push(piece) for piece in np.split(samples, np.cumsum(sizes))]
    assert np.array_equal(np.concatenate([*pieces, stream.finish()]), resample(samples, *rates))
