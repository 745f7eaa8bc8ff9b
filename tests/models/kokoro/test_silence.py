# ruff: noqa: RUF001 - phonemes
import numpy as np
import pytest

from models.kokoro.silence import FRAME, trim


def render(before: int, sound: int, after: int) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    samples = np.zeros((before + sound + after) * FRAME, dtype=np.float32)
    samples[before * FRAME : (before + sound) * FRAME] = 0.5
    return samples


def test_silence_is_cut_at_both_ends_and_durations_still_add_up() -> None:
    samples, durations = trim(render(12, 40, 30), np.array([13, 20, 20, 28, 1]), 1.0)
    assert durations.tolist() == [4, 20, 20, 12, 0]
    assert len(samples) == durations.sum() * FRAME
    assert np.flatnonzero(samples)[0] == 3 * FRAME
    assert len(samples) - np.flatnonzero(samples)[-1] - 1 == 13 * FRAME


def test_fast_speech_has_a_shorter_end() -> None:
    slow, _ = trim(render(12, 40, 30), np.array([12, 40, 30]), 1.0)
    fast, _ = trim(render(12, 40, 30), np.array([12, 40, 30]), 2.0)
    assert len(slow) - len(fast) == 7 * FRAME


@pytest.mark.parametrize(("phonemes", "frames"), [("sɪks,", 3), ("“sɪks,” ", 3), ("sɪks", 13), ("sɪks.”", 13)])
def test_after_a_clause_the_silence_is_short(phonemes: str, frames: int) -> None:
    samples, _ = trim(render(12, 40, 30), np.array([12, 40, 30]), 1.0, phonemes)
    assert len(samples) == (3 + 40 + frames) * FRAME


def test_what_has_no_silence_is_left_alone() -> None:
    samples, durations = trim(render(0, 10, 0), np.array([1, 8, 1]), 1.0)
    assert len(samples) == 10 * FRAME
    assert durations.tolist() == [1, 8, 1]


def test_complete_silence_is_left_alone() -> None:
    samples, durations = trim(render(10, 0, 0), np.array([10]), 1.0)
    assert len(samples) == 10 * FRAME
    assert durations.tolist() == [10]
