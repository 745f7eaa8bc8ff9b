import numpy as np
import pytest

from audio.tempo import at_tempo

RATE = 24_000
TONE = (0.3 * np.sin(2 * np.pi * 200 * np.arange(2 * RATE) / RATE)).astype(np.float32)


@pytest.mark.parametrize("tempo", [0.25, 0.5, 0.9, 1.5, 2.0, 4.0])
def test_it_is_faster_at_the_same_pitch(tempo: float) -> None:
    sound = np.concatenate([*at_tempo(np.split(TONE, range(1920, TONE.size, 1920)), RATE, tempo)])
    assert sound.size == pytest.approx(TONE.size / tempo, rel=0.12)
    middle = sound[sound.size // 4 : -sound.size // 4]
    pitch = np.abs(np.fft.rfft(middle, 1 << 17)).argmax() * RATE / (1 << 17)
    assert pitch == pytest.approx(200, rel=0.03)


def test_its_own_tempo_changes_nothing() -> None:
    assert np.array_equal(np.concatenate([*at_tempo([TONE], RATE, 1.0)]), TONE)


def test_nothing_stays_nothing() -> None:
    assert [*at_tempo([], RATE, 2.0)] == []
