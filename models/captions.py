"""A spoken text cut into cues for subtitles, by the times of its words."""

# ruff: noqa: RUF001 - marks of several scripts

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import ceil

from models.reading.markup import hidden

WIDTH = 42
"""Characters of a line, and two lines of a cue for at most seven seconds: as broadcasters and film platforms ask."""
WIDTH_CJK = 20
LINES = 2
LONGEST = 7.0

PAUSE = 0.5  # seconds of silence that end a cue
SENTENCE_PAUSE = 0.15  # after the end of a sentence; within "Dr. Smith" there is less

_SENTENCE_ENDS = {*".!?…。！？"}
_CLAUSE_ENDS = {*",;:，、；：—–"}
_CLOSERS = " \"'”’»)]}」』）】》"
_CLAUSE_BONUS = 20  # characters by which a cut at a clause may be off the middle

_OPENING = ("Ps", "Pi")  # Unicode categories of opening brackets and quotes


@dataclass(frozen=True, slots=True)
class TimedWord:
    """The caller's characters `start_char:end_char` are spoken from `start` to `end`, in seconds."""

    start: float
    end: float
    start_char: int
    end_char: int


@dataclass(frozen=True, slots=True)
class Caption:
    start: float
    end: float
    text: str
    speaker: str | None = None


def captions(text: str, words: Sequence[TimedWord], *, width: int = WIDTH) -> list[Caption]:
    """Cues of the caller's own text, markup left out: at sentence ends and pauses, else where they would be too long.

    `words` are in order. A cue has up to `LINES` lines of up to `width` characters and lasts `LONGEST` seconds at most.
    """
    pieces = [piece for said in _pieces(text, words) for piece in _chopped(said, width)]
    return [_cue(part, width) for sentence in _sentences(pieces) for part in _fitting(sentence, width)]


def _pieces(text: str, words: Sequence[TimedWord]) -> Iterator[Caption]:
    """Each word with the marks and spaces around it; together they are the whole text."""
    shown = _shown(text)
    cuts = [_cut(shown, one.end_char, other.start_char) for one, other in pairwise(words)]
    for word, (start, end) in zip(words, pairwise([0, *cuts, len(text)]) if words else (), strict=True):
        yield Caption(word.start, word.end, re.sub(r"\s+", " ", shown[start:end].replace("\0", "")))


def _shown(text: str) -> str:
    """The text with NUL where markup is, which is not shown; a pause keeps the words around it apart."""
    parts, done = [], 0
    for start, end in hidden(text):
        gap = " " if "[pause" in text[start:end].lower() else "\0"
        parts += [text[done:start], gap.ljust(end - start, "\0")]
        done = end
    return "".join([*parts, text[done:]])


def _cut(shown: str, start: int, end: int) -> int:
    """Where, between two words, the first one's marks end: at the last space, else before an opening bracket."""
    gap = shown[start:end]
    if spaces := list(re.finditer(r"\s\0*", gap)):
        return start + spaces[-1].end()
    while gap and (gap[-1] == "\0" or unicodedata.category(gap[-1]) in _OPENING):
        gap = gap[:-1]
    return start + len(gap)


def _chopped(piece: Caption, width: int) -> Iterator[Caption]:
    """A word that fills more than a line in several pieces, as evenly in time as in characters."""
    length = len(piece.text.strip())
    if length <= width:
        yield piece
        return
    count = ceil(length / width)
    step, seconds = ceil(len(piece.text) / count), (piece.end - piece.start) / count
    for number in range(count):
        start = piece.start + number * seconds
        yield Caption(start, start + seconds, piece.text[number * step : (number + 1) * step])


def _sentences(pieces: Iterable[Caption]) -> Iterator[list[Caption]]:
    sentence: list[Caption] = []
    for piece in pieces:
        if sentence and piece.start - sentence[-1].end >= _pause_after(sentence[-1].text):
            yield sentence
            sentence = []
        sentence.append(piece)
    if sentence:
        yield sentence


def _pause_after(text: str) -> float:
    return SENTENCE_PAUSE if _mark(text) in _SENTENCE_ENDS else PAUSE


def _mark(text: str) -> str:
    """The last character before closing quotes and brackets."""
    return text.rstrip(_CLOSERS)[-1:]


def _fitting(pieces: list[Caption], width: int) -> Iterator[list[Caption]]:
    """Halves, and halves of them, until each is a cue: better two of a length than a long one and a last word."""
    if len(pieces) == 1 or _fits(pieces, width):
        yield pieces
        return
    middle = _middle(pieces)
    yield from _fitting(pieces[:middle], width)
    yield from _fitting(pieces[middle:], width)


def _fits(pieces: list[Caption], width: int) -> bool:
    return pieces[-1].end - pieces[0].start <= LONGEST and len(_lines(pieces, width)) <= LINES


def _middle(pieces: list[Caption]) -> int:
    total = sum(len(piece.text) for piece in pieces)
    best, found, before = float("inf"), 1, 0
    for number, piece in enumerate(pieces[:-1], 1):
        before += len(piece.text)
        distance = abs(total - 2 * before) / 2 - _CLAUSE_BONUS * (_mark(piece.text) in _CLAUSE_ENDS)
        if distance < best:
            best, found = distance, number
    return found


def _lines(pieces: Iterable[Caption], width: int) -> list[str]:
    lines = [""]
    for piece in pieces:
        if lines[-1] and len((lines[-1] + piece.text).strip()) > width:
            lines.append("")
        lines[-1] += piece.text
    return [line.strip() for line in lines]


def _cue(pieces: list[Caption], width: int) -> Caption:
    first, last = pieces[0], pieces[-1]
    return replace(first, end=min(last.end, first.start + LONGEST), text="\n".join(_lines(pieces, width)))
