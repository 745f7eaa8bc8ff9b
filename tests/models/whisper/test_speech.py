from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.whisper.options import Vad
from models.whisper.speech import SAMPLE_RATE, Samples, Speech, find_speech

SECOND = SAMPLE_RATE
# Three stretches of speech in 100 s: seconds 10 to 20, 30 to 35, 60 to 90.
SPEECH = Speech(
    np.arange(100 * SECOND, dtype=np.float32),
    ((10 * SECOND, 20 * SECOND), (30 * SECOND, 35 * SECOND), (60 * SECOND, 90 * SECOND)),
)


def test_speech_is_the_spans_one_behind_the_other() -> None:
    assert SPEECH.length == 45 * SECOND
    whole = SPEECH.cut(0, SPEECH.length)
    assert np.array_equal(whole, np.concatenate([SPEECH.recording[first:last] for first, last in SPEECH.spans]))


@given(st.integers(0, 45 * SECOND), st.integers(0, 45 * SECOND))
def test_a_part_is_cut_over_the_spans(one: int, other: int) -> None:
    start, end = sorted((one, other))
    part = SPEECH.cut(start, end)
    assert part.size == end - start
    if part.size:
        assert part[0] / SECOND == pytest.approx(SPEECH.original_word(start / SECOND, start / SECOND)[0], abs=0.001)


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (1.0, 4.0, (11.0, 14.0)),
        (11.0, 14.0, (31.0, 34.0)),
        (9.9, 14.0, (30.0, 34.0)),  # begins a little before the cut: after it
        (6.0, 10.1, (16.0, 20.0)),  # ends a little after the cut: before it
        (5.0, 14.0, (15.0, 34.0)),  # spoken over the cut
        (14.5, 45.3, (34.5, 90.0)),  # beyond the end
        (9.95, 10.0, (19.95, 20.0)),
    ],
)
def test_times_of_the_speech_become_times_of_the_recording(
    start: float, end: float, expected: tuple[float, float]
) -> None:
    assert SPEECH.original(start, end) == pytest.approx(expected)


@given(st.lists(st.floats(0, 46, allow_nan=False), min_size=2, max_size=8))
def test_times_stay_in_order_and_inside_the_spans(times: list[float]) -> None:
    moved = [SPEECH.original_word(start, end) for start, end in pairwise(sorted(times))]
    flat = [time for word in moved for time in word]
    assert flat == sorted(flat)
    assert all(any(first <= time * SECOND <= last for first, last in SPEECH.spans) for time in flat)


def test_speech_is_found_between_silences(speech: Samples) -> None:
    silence = np.zeros(10 * SECOND, np.float32)
    (span,) = find_speech(np.concatenate([silence, speech, silence]), Vad()).spans
    start, end = span[0] / SECOND, span[1] / SECOND
    assert 9.3 < start < 10.5
    assert end - start == pytest.approx(speech.size / SECOND, abs=1.0)


def test_options_of_the_vad(speech: Samples) -> None:
    twice = np.concatenate([speech, np.zeros(SECOND, np.float32), speech])
    assert len(find_speech(twice, Vad()).spans) == 1
    assert len(find_speech(twice, Vad(silence_ms=500)).spans) >= 2
    assert find_speech(twice, Vad(silence_ms=500, padding_ms=0)).length < find_speech(twice, Vad(silence_ms=500)).length
    assert find_speech(twice, Vad(threshold=1.0)).spans == ()
    assert find_speech(twice, Vad(enabled=False)).spans == ((0, twice.size),)


@pytest.mark.parametrize("vad", [Vad(), Vad(enabled=False)])
def test_nothing_is_no_speech(vad: Vad) -> None:
    assert find_speech(np.zeros(0, np.float32), vad).length == 0
