"""The longest that a piece may take: never less than people take for it, never without end."""

import pytest

from models.qwen3_tts.length import FRAMES_PER_SECOND, most_frames


@pytest.mark.parametrize(
    ("text", "usual"),
    [
        ("Hello there.", 1.0),
        ("The quick brown fox jumps over the lazy dog.", 2.8),
        ("$1,234,567.89", 6.5),
        ("我们明天下午三点在车站见面。", 3.2),
        ("Я не знаю, что сказать.", 1.6),
    ],
)
def test_twice_the_usual_time_is_always_allowed(text: str, usual: float) -> None:
    assert 2 * usual < most_frames(text) / FRAMES_PER_SECOND < 5 + 8 * usual


def test_the_longest_piece_has_an_end() -> None:
    assert most_frames("好" * 280) == most_frames("好" * 10_000) == 1500
    assert most_frames("a" * 280) < 1500
    assert most_frames("") == round(5 * FRAMES_PER_SECOND)
