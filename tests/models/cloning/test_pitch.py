import numpy as np
import pytest

from audio.pcm import Samples
from models.cloning.pitch import DIVIDES, median_pitch
from tests.workers.booth import RATE, clip


@pytest.mark.parametrize("pitch", [85, 120, 200, 300])
def test_the_pitch_of_a_voice(pitch: float) -> None:
    assert median_pitch(clip(pitch), RATE) == pytest.approx(pitch, rel=0.03)


def test_stock_voices_are_told_apart() -> None:
    assert 85 < DIVIDES < 255


@pytest.mark.parametrize("samples", [np.zeros(RATE), np.zeros(10), np.random.default_rng(1).normal(0, 0.1, RATE)])
def test_what_has_no_pitch(samples: Samples) -> None:
    assert median_pitch(samples.astype(np.float32), RATE) is None
