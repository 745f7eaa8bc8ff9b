import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from models.whisper.speech import SAMPLE_RATE, Speech
from models.whisper.stretches import quietest, stretches, whole

SECOND = SAMPLE_RATE


def loud(seconds: float) -> Speech:
    samples = np.random.default_rng(1).normal(size=int(seconds * SECOND)).astype(np.float32)
    return Speech(samples, ((0, samples.size),) if samples.size else ())


@given(st.floats(0, 200))
def test_stretches_are_all_of_the_speech_in_at_most_30_seconds(seconds: float) -> None:
    speech = loud(seconds)
    found = stretches(speech)
    assert [start for start, _ in found] == [0, *(end for _, end in found)][: len(found)]
    assert all(0 < end - start <= 30 * SECOND for start, end in found)
    assert (found[-1][1] if found else 0) == speech.length
    assert whole(speech) == ([(0, speech.length)] if speech.length else [])


def test_a_cut_falls_into_a_pause() -> None:
    speech = loud(40)
    speech.recording[25 * SECOND : 25 * SECOND + SECOND // 2] = 0
    (_, end), _ = stretches(speech)
    assert 25 * SECOND < end < 25.5 * SECOND


def test_the_quietest_place_is_the_middle_of_it() -> None:
    samples = np.ones(2 * SECOND, np.float32)
    samples[SECOND : SECOND + 3 * SECOND // 10] = 0.1
    assert abs(quietest(samples) - (SECOND + 15 * SECOND // 100)) <= SECOND // 50
