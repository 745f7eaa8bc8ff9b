"""pm as rvc-python calls it."""

import numpy as np
import parselmouth
import pytest

from models.rvc.pitch.pm import Pm
from tests.models.rvc.pitch.sounds import speech


@pytest.mark.parametrize("samples", [16_000, 16_077, 95_999])
def test_the_same_call_and_the_same_padding(samples: int) -> None:
    sound = speech()[0][:samples]
    frames = samples // 160
    pitch = parselmouth.Sound(sound.astype(np.float64), 16_000).to_pitch_ac(
        time_step=0.01, voicing_threshold=0.6, pitch_floor=50, pitch_ceiling=1_100
    )
    found = pitch.selected_array["frequency"]
    before = (frames - len(found) + 1) // 2
    expected = np.pad(found, (before, frames - len(found) - before)).astype(np.float32)
    net = Pm()
    net.load("cpu")
    assert expected.any()
    assert np.array_equal(net.f0(sound), expected)
