import numpy as np
import pytest

from models.diarization.features import log_mel

SECOND = np.arange(16_000, dtype=np.float32) / 16_000


def tone(hertz: float) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    return (0.1 * np.sin(2 * np.pi * hertz * SECOND)).astype(np.float32)


def test_a_frame_of_25_ms_every_10_ms() -> None:
    assert log_mel(tone(440)).shape == (98, 80)
    assert log_mel(tone(440)[:400]).shape == (1, 80)
    assert log_mel(tone(440)[:399]).shape == (0, 80)


def test_the_same_samples_give_the_same_features() -> None:
    np.testing.assert_array_equal(log_mel(tone(440)), log_mel(tone(440)))


@pytest.mark.parametrize("hertz", [300, 1000, 4000])
def test_a_tone_is_loudest_in_its_bin(hertz: float) -> None:
    """Kaldi's 80 bins lie from 20 Hz to 8 kHz, evenly on the scale 1127 ln(1 + f / 700)."""
    low, high, mel = (1127 * np.log(1 + f / 700) for f in (20, 8000, hertz))
    assert abs(int(log_mel(tone(hertz)).mean(axis=0).argmax()) - ((mel - low) / (high - low) * 81 - 1)) < 1


def test_twice_the_amplitude_is_the_same_step_in_every_bin() -> None:
    loud = np.random.default_rng(1).standard_normal(16_000).astype(np.float32) * 0.1
    np.testing.assert_allclose(log_mel(2 * loud) - log_mel(loud), 2 * np.log(2), atol=1e-3)
