from itertools import pairwise

import numpy as np
import pytest

from audio.pcm import Samples
from models.reference.cuts import HEARD_RATE, SAMPLE_RATE, beginning, heard, without_silence
from models.whisper.options import Vad
from models.whisper.speech import find_speech
from tests.readers import silence


def seconds(samples: Samples) -> float:
    return len(samples) / SAMPLE_RATE


def test_silence_around_the_speech_goes(reader: Samples) -> None:
    cut = without_silence(np.concatenate([silence(3), reader, silence(2)]))
    assert seconds(cut) == pytest.approx(seconds(without_silence(reader)), abs=0.2)
    assert seconds(cut) < seconds(reader) + 0.3


def test_long_pauses_become_a_second_and_short_ones_stay(reader: Samples) -> None:
    whole = without_silence(reader)
    cut = without_silence(np.concatenate([reader, silence(4), reader]))
    assert seconds(cut) == pytest.approx(2 * seconds(whole) + 0.7, abs=0.3)
    speech = find_speech(heard(cut), Vad(silence_ms=300, padding_ms=0)).spans
    pauses = [start - end for (_, end), (start, _) in pairwise(speech)]
    assert max(pauses) / HEARD_RATE == pytest.approx(1.0, abs=0.2)


def test_of_music_and_of_silence_nothing_is_left(band: Samples) -> None:
    assert without_silence(band).shape == (0,)
    assert without_silence(silence(1)).shape == (0,)


def test_a_beginning_ends_in_a_pause(reader: Samples) -> None:
    cut = beginning(reader, 6.0)
    assert 4.0 <= seconds(cut) <= 6.0
    end = cut[-SAMPLE_RATE // 20 :]
    assert np.abs(end).max() < 0.02 * np.abs(reader).max()
    assert np.array_equal(cut, reader[: len(cut)])
