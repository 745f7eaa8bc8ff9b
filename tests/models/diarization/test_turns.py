import numpy as np
import pytest

from models.diarization.turns import KNOWN, Stretch, Turn, turns

ONE, OTHER, THIRD = np.eye(3, dtype=np.float32)


def stretch(start: float, *voices: np.ndarray[tuple[int], np.dtype[np.float32]]) -> Stretch:
    """A window of 1.5 s for each voice, 0.5 s after the one before."""
    middles = start + 0.75 + 0.5 * np.arange(len(voices), dtype=np.float64)
    return Stretch(start=start, end=float(middles[-1]) + 0.75, middles=middles, windows=np.array(voices))


def test_nobody_has_no_turns() -> None:
    assert turns([]) == []


def test_a_change_within_a_stretch_is_placed_between_the_windows() -> None:
    first, second = turns([stretch(10.0, *[ONE] * 5, *[OTHER] * 5)])
    assert (first.start, first.speaker) == (10.0, 0)
    assert (second.end, second.speaker) == (16.0, 1)
    assert first.end == second.start == pytest.approx(13.0, abs=0.11)


def test_a_short_pause_ends_no_turn_and_a_long_one_does() -> None:
    found = turns([stretch(0.0, *[ONE] * 4), stretch(3.4, *[ONE] * 4), stretch(7.4, *[ONE] * 4)])
    assert found == [Turn(0.0, 6.4, 0), Turn(7.4, 10.4, 0)]


def test_a_single_doubtful_window_changes_nothing() -> None:
    doubtful = (ONE + 1.1 * OTHER) / np.linalg.norm(ONE + 1.1 * OTHER)
    voices = [stretch(0.0, *[ONE] * 4, doubtful, *[ONE] * 4), stretch(10.0, *[OTHER] * 6)]
    assert [turn.speaker for turn in turns(voices)] == [0, 1]


def test_each_known_voice_is_one_speaker_at_most() -> None:
    """Both are like the first recording; the one that is more like it gets it."""
    voices = [stretch(0.0, *[ONE] * 4), stretch(5.0, *[OTHER] * 4)]
    like_both = (1.2 * ONE + OTHER) / np.linalg.norm(1.2 * ONE + OTHER)
    assert [turn.speaker for turn in turns(voices, known=[like_both])] == [0, 1]
    assert [turn.speaker for turn in turns(voices, known=[THIRD, like_both])] == [1, 2]


def test_two_known_voices_go_to_the_speakers_that_suit_both() -> None:
    voices = [stretch(0.0, *[ONE] * 4), stretch(5.0, *[OTHER] * 4)]
    like_both = (1.2 * ONE + OTHER) / np.linalg.norm(1.2 * ONE + OTHER)
    assert [turn.speaker for turn in turns(voices, known=[like_both, ONE])] == [1, 0]


def test_a_voice_that_is_not_there_is_nobody() -> None:
    far = KNOWN * ONE + np.sqrt(1 - KNOWN**2) * THIRD - 0.01 * ONE
    assert [turn.speaker for turn in turns([stretch(0.0, *[ONE] * 4)], known=[THIRD, far])] == [2]
