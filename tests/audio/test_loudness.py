import numpy as np
import pytest

from audio.loudness import Loudness, gain_to, measure_loudness
from audio.pcm import Samples
from tests.audio.recordings import decibels

RATE = 24_000


def tone(seconds: float, level: float, pitch: float = 997.0) -> Samples:
    """A sine whose peak is at `level` dBFS."""
    times = np.arange(round(seconds * RATE)) / RATE
    return (10 ** (level / 20) * np.sin(2 * np.pi * pitch * times)).astype(np.float32)


@pytest.mark.parametrize(("level", "expected"), [(0.0, -3.01), (-20.0, -23.01), (-40.0, -43.01)])
def test_the_standards_reference_tone(level: float, expected: float) -> None:
    """BS.1770-4: a 0 dBFS sine of 997 Hz in one channel reads -3.01 LKFS."""
    measured = measure_loudness([tone(3, level)], RATE)
    assert measured.integrated == pytest.approx(expected, abs=0.05)
    assert decibels(measured.peak) == pytest.approx(level, abs=0.1)


def test_where_the_cuts_fall_changes_nothing() -> None:
    sound = np.concatenate([tone(1.234, -12), tone(0.5, -30), tone(0.777, -18)])
    whole = measure_loudness([sound], RATE)
    assert measure_loudness([sound[:1], sound[1:700], sound[:0], sound[700:]], RATE) == whole


def test_pauses_are_gated_out() -> None:
    """EBU Tech 3341, case 3: what is 10 LU below the rest, and silence, do not count."""
    quiet, loud, silence = tone(5, -36), tone(10, -23), np.zeros(20 * RATE, np.float32)
    alone = measure_loudness([loud], RATE).integrated
    assert measure_loudness([silence, quiet, loud, silence], RATE).integrated == pytest.approx(alone, abs=0.2)


def test_the_true_peak_lies_between_the_samples() -> None:
    """A quarter of the rate, 45 degrees off: no sample reaches the peak of 0 dBFS."""
    sound = np.sin(2 * np.pi * (np.arange(RATE) / 4 + 1 / 8)).astype(np.float32)
    assert np.abs(sound).max() == pytest.approx(0.707, abs=1e-3)
    assert measure_loudness([sound], RATE).peak == pytest.approx(1.0, abs=0.1)


@pytest.mark.parametrize("size", [0, 1, RATE])
def test_silence_has_no_loudness(size: int) -> None:
    measured = measure_loudness([np.zeros(size, np.float32)], RATE)
    assert measured == Loudness(None, 0.0)
    assert gain_to(-16, measured) == 1.0


@pytest.mark.parametrize("seconds", [0.05, 0.3, 0.41])
def test_a_short_sound_has_a_loudness_too(seconds: float) -> None:
    measured = measure_loudness([tone(seconds, -10)], RATE)
    assert measured.integrated is not None
    assert -24 < measured.integrated < -12
    assert -10 <= decibels(measured.peak) < -8.5  # an abrupt end overshoots between the samples


@pytest.mark.parametrize("target", [-30.0, -23.0, -16.0])
def test_a_gain_reaches_its_target(target: float) -> None:
    sound = tone(2, -18) * np.linspace(0.5, 1, 2 * RATE, dtype=np.float32)
    gain = gain_to(target, measure_loudness([sound], RATE))
    assert measure_loudness([sound * np.float32(gain)], RATE).integrated == pytest.approx(target, abs=0.1)
