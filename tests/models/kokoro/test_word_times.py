import numpy as np

from models.captions import TimedWord
from models.kokoro.engine import Synthesis
from models.kokoro.silence import FRAME
from models.kokoro.word_times import word_times
from models.kokoro.words import Word


def synthesis(durations: list[int], sounding: set[int]) -> Synthesis:
    frames = [np.full(FRAME, 0.3 if frame in sounding else 0.001, np.float32) for frame in range(sum(durations))]
    return Synthesis(np.concatenate(frames), np.array(durations))


def test_a_word_begins_and_ends_with_its_sound() -> None:
    # Border, h, I, comma, space, j, u, border. By the durations less 3 frames: 3-16 and 18-24.
    spoken = synthesis([6, 4, 9, 1, 1, 2, 4, 3], sounding={*range(4, 9), 10, *range(19, 27)})
    words = [Word(0, 2, 0, 2), Word(4, 7, 4, 6)]
    assert word_times(words, spoken) == [
        TimedWord(4 * 0.025, 11 * 0.025, 0, 2),
        TimedWord(19 * 0.025, 24 * 0.025, 4, 7),
    ]


def test_no_word_begins_before_the_audio() -> None:
    spoken = synthesis([1, 4, 4, 1], sounding=set(range(10)))
    assert word_times([Word(0, 1, 0, 1), Word(2, 3, 1, 2)], spoken) == [
        TimedWord(0.0, 2 * 0.025, 0, 1),
        TimedWord(2 * 0.025, 6 * 0.025, 2, 3),
    ]


def test_a_fast_first_word_has_a_length() -> None:
    spoken = synthesis([1, 1, 4, 4], sounding=set(range(10)))
    first, second = word_times([Word(0, 1, 0, 1), Word(2, 3, 1, 2)], spoken)
    assert first == TimedWord(0.0, 0.025, 0, 1)
    assert second.start == first.end < second.end


def test_a_word_without_a_sound_keeps_its_place() -> None:
    assert word_times([Word(0, 1, 0, 1)], synthesis([6, 4, 2], sounding={0})) == [TimedWord(3 * 0.025, 7 * 0.025, 0, 1)]
    silent = Synthesis(np.zeros(0, np.float32), np.zeros(2, np.int64))
    assert word_times([], silent) == []
