import numpy as np
import pytest

from audio.pcm import Samples
from models.diarization.speech import speech
from models.reference.background import contrast
from models.reference.cuts import heard
from tests.models.whisper.sounds import music, pink, white
from tests.readers import mixed


@pytest.fixture(scope="module")
def listened(reader: Samples) -> Samples:
    return heard(reader)


def test_a_studio_is_quiet(listened: Samples) -> None:
    assert contrast(listened, speech(listened)) > 30


@pytest.mark.parametrize("sound", [white(1, 0.1, 10), pink(1, 10), music(2, 10)])
def test_it_is_about_what_was_mixed_in(listened: Samples, sound: Samples) -> None:
    found = {}
    for decibels in (20, 10, 0):
        noisy = mixed(listened, sound, decibels)
        found[decibels] = contrast(noisy, speech(noisy))
    assert found[20] > 15
    assert 9 < found[10] < 17
    assert found[0] < 9


def test_where_nobody_pauses_the_quietest_tenth_tells() -> None:
    steady = np.full(16_000, 0.1, np.float32)
    assert contrast(steady, [(0, 16_000)]) == pytest.approx(0.0, abs=0.01)
