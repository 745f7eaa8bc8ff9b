import numpy as np
import pytest

from audio.loudness import measure_loudness
from audio.pcm import Samples
from models.reference.level import LOUDNESS, levelled
from tests.readers import SAMPLE_RATE, silence


@pytest.mark.parametrize("factor", [0.05, 1.0, 3.0])
def test_a_clip_is_as_loud_as_it_shall_be(reader: Samples, factor: float) -> None:
    level = levelled(reader * np.float32(factor), SAMPLE_RATE)
    found = measure_loudness([level], SAMPLE_RATE)
    assert found.integrated == pytest.approx(LOUDNESS, abs=0.5)
    assert 20 * np.log10(found.peak) <= -1.0
    assert len(level) == len(reader)


def test_silence_stays() -> None:
    assert not levelled(silence(1), SAMPLE_RATE).any()
