"""Text that is made to be slow to read (regex bombs): four times as much takes four times as long, not sixteen.

Time is that of the thread's own computing, the least of several tries, so that nobody else's load counts.
"""

from collections.abc import Callable
from contextlib import suppress
from time import thread_time

import pytest

from models.cloning.pieces import pieces
from models.kokoro.paragraphs import LONGEST_PARAGRAPH, split_paragraphs
from models.language import Unspeakable, check_speakable
from models.reading import markup
from models.reading.lexicon import pronounced
from models.reading.reader import LANGUAGES, read

ROWS = (
    *("a", "1", " ", ".", "-", "/", "@", ":", "*", "<", "[", "a.", "a-", "1,", "1.", "1-", "1/", "1 ", "1 1/2 ", "+1 "),
    *("[a](/", "[pause:", "www.", "<a ", "**a", "(1) ", "$1", "IV", "1年"),
)
"""What is repeated, and followed by something that does not fit."""

SHORT, LONG = 900, 3_600
assert LONG <= LONGEST_PARAGRAPH  # which is what is read at once
MOST = 9
"""Times as long for four times as much; the square would be 16. Below `NOTHING` nobody can tell, and nobody minds."""

NOTHING = 0.1
"""Seconds."""


def least(call: Callable[[str], object], text: str, tries: int) -> float:
    taken = []
    for _ in range(tries):
        began = thread_time()
        call(text)
        taken.append(thread_time() - began)
    return min(taken)


def slow(call: Callable[[str], object], scale: int = 1) -> list[str]:
    """What takes more than its share."""
    found = []
    for row in ROWS:
        text, short = (row * (length * scale // len(row)) + "!" for length in (LONG, SHORT))
        if least(call, text, 1) < NOTHING:
            continue
        if (long := least(call, text, 3)) > NOTHING and long > MOST * max(least(call, short, 3), NOTHING / 16):
            found.append(f"{row!r}: {long:.3f} s")
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_reading(language: str) -> None:
    assert slow(lambda text: read(text, language)) == []


def checked(text: str) -> None:
    with suppress(markup.MarkupError):
        markup.check(text)
    markup.parse(text)
    list(markup.spoken(text))
    markup.hidden(text)


def test_markup() -> None:
    assert slow(checked, scale=10) == []


def test_paragraphs() -> None:
    assert slow(split_paragraphs, scale=5) == []


def test_pieces() -> None:
    assert slow(lambda text: list(pieces(text, limit=280))) == []


def test_pronunciations() -> None:
    words = {"a" * 50 + "b": "x", "a.a.a.a": "y", "1-1-1": "z", "[a](/": "w"}
    assert slow(lambda text: list(pronounced(text, words))) == []


def test_language() -> None:
    def looked_at(text: str) -> None:
        with suppress(Unspeakable):
            check_speakable(text, "en-us")

    assert slow(looked_at) == []
