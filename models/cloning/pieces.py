# ruff: noqa: RUF001 - marks of other scripts
"""A text as an engine that clones should get it: pieces at sentence ends, each with the silence after it.

These engines garble what is longer than some 300 characters, and figures of any length. Pure functions of their
arguments.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

from models.kokoro.paragraphs import split_paragraphs
from models.language import matching
from models.reading import reader
from models.reading.markup import spoken

SENTENCE_PAUSE = 0.3
"""Seconds: engines leave no silence after what they speak, or any; it is cut away, and this comes instead."""

CLAUSE_PAUSE = 0.12
PARAGRAPH_PAUSE = 0.7

OPENING = 100
"""Characters of the first piece that somebody waits for, if the text lets it."""

SHORTEST = 20
"""Characters. Engines do badly on less, where there is more."""

_WRITTEN_ANEW = tuple(code for code in reader.LANGUAGES if code != "ja")  # Japanese is read in kana, as Kokoro wants it
_CLOSED = r"[\"'”’)\]」』）】》»]*"
_WIDE = re.compile(r"[\u1100-\u11ff\u3041-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]")
_AS_MANY = 3
"""Letters that are spoken in the time of one of these."""

_CUTS = (  # the best first, each with the pause that a cut there has
    (re.compile(rf"[.!?…]{_CLOSED}\s+|[。！？।॥؟]{_CLOSED}\s*"), SENTENCE_PAUSE),
    (re.compile(rf"[;:,—،]{_CLOSED}\s+|[，、；：]{_CLOSED}\s*"), CLAUSE_PAUSE),
    (re.compile(r"\s+"), 0.0),
)


@dataclass(frozen=True, slots=True)
class Piece:
    """What is spoken at once, something at least, and the seconds of silence around it."""

    text: str
    pause: float
    """After it."""
    lead: float = 0.0
    """Before it: a text may begin with a pause."""


def pieces(text: str, *, limit: int, language: str | None = None, streamed: bool = False) -> Iterator[Piece]:
    """The whole text in order, in pieces of 1 to `limit` characters; none where there is nothing to speak.

    `[pause:1.5s]` is silence, `[word](/ipa/)` the word: no engine but Kokoro takes phonemes. Numbers, dates and units
    become words where the language (a code or locale) has a reading. `streamed`: somebody hears the text while it is
    made, so its first piece is short.
    """
    code = _reading_of(language)
    held: Piece | None = None
    asked = 0.0  # silence by tags since the last piece
    for paragraph in split_paragraphs(text):
        opening = OPENING if streamed and held is None else limit
        for part, pause in _cut(_plain(paragraph.text.text, code), limit, opening):
            if held:
                yield replace(held, pause=asked or held.pause)
            held = Piece(part, pause, 0.0 if held else asked)
            asked = 0.0
        if held and not asked:
            held = replace(held, pause=PARAGRAPH_PAUSE if paragraph.pause else SENTENCE_PAUSE)
        asked += paragraph.silence
    if held:
        yield replace(held, pause=asked)


def _reading_of(language: str | None) -> str | None:
    return next(iter(matching(language, _WRITTEN_ANEW)), None) if language else None


def _plain(text: str, code: str | None) -> str:
    """The words as they are read aloud, without markup."""
    if code is None:
        return "".join(text[part.start : part.end] for part in spoken(text))
    return reader.read(text, code).text.text


def _cut(text: str, limit: int, opening: int) -> Iterator[tuple[str, float]]:
    """Pieces of a paragraph, those without a word left out, each with the pause after it; 0 after the last."""
    parts = [*_fitting(text.strip(), _CUTS, limit)]
    packed = _packed(parts, limit, min(opening, limit))
    said = [(text.strip(), pause) for text, pause in packed if _speaks(text)]
    yield from said[:-1]
    yield from ((text, 0.0) for text, _ in said[-1:])


def _fitting(
    text: str, cuts: tuple[tuple[re.Pattern[str], float], ...], limit: int, pause: float = 0.0
) -> Iterator[tuple[str, float]]:
    """The sentences; of one that is too long, its clauses; of those likewise, words, and characters at last.

    `pause` follows the last of them.
    """
    if not cuts:
        yield from _slices(text, limit, pause)
        return
    (pattern, after), finer = cuts[0], cuts[1:]
    ends = [*(found.end() for found in pattern.finditer(text) if found.end() < len(text)), len(text)]
    for start, end in pairwise([0, *ends]):
        part, behind = text[start:end], pause if end == len(text) else after
        if _weight(part.strip()) <= limit:
            yield part, behind
        else:
            yield from _fitting(part, finer, limit, behind)


def _slices(word: str, limit: int, pause: float) -> Iterator[tuple[str, float]]:
    start = letter = 0
    for end in range(1, len(word)):
        if not unicodedata.combining(word[end]):
            letter = end
        while start < end and _weight(word[start : end + 1]) > limit:
            # A mark stays with its letter, unless it has more of them than there is room for.
            cut = letter if letter > start else end
            yield word[start:cut], 0.0
            start = cut
    yield word[start:], pause


def _packed(parts: list[tuple[str, float]], limit: int, opening: int) -> list[tuple[str, float]]:
    """As many in one piece as have room; the first piece has `opening` characters if its first part lets it."""
    packed: list[list[tuple[str, float]]] = []
    for part in parts:
        room = opening if len(packed) == 1 else limit
        if packed and (_size([*packed[-1], part]) <= room or _too_short(packed[-1], part, limit)):
            packed[-1].append(part)
        else:
            packed.append([part])
    if len(packed) > 1 and len(packed[-2]) > 1 and _too_short(packed[-1], packed[-2][-1], limit):
        packed[-1].insert(0, packed[-2].pop())
    return [("".join(text for text, _ in piece), piece[-1][1]) for piece in packed]


def _too_short(piece: list[tuple[str, float]], part: tuple[str, float], limit: int) -> bool:
    """Whether the piece is so short that it takes the part in spite of its bound."""
    return _size(piece) < SHORTEST and _size([*piece, part]) <= limit


def _size(parts: list[tuple[str, float]]) -> int:
    return _weight("".join(text for text, _ in parts).strip())


def _weight(text: str) -> int:
    """Its length as if all of it were letters of an alphabet."""
    return len(text) + (_AS_MANY - 1) * len(_WIDE.findall(text))


def _speaks(text: str) -> bool:
    return any(map(str.isalnum, text))
