"""A text as Kokoro should hear it: paragraphs, then segments of whole sentences. Pure functions of their arguments.

Kokoro's own notes (VOICES.md in hexgrad/Kokoro-82M) say that voices do best on 100-200 tokens, are weak below 10-20,
and rush above 400; 510 is what its encoder holds. A token of theirs is one phoneme character here.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, zip_longest
from math import ceil
from typing import TypeVar

from models.kokoro.tokens import Token

LIMIT = 510
LONGEST = 400  # a sentence longer than this is cut
TARGET = 250  # sentences are packed up to this
SHORTEST = 20  # a last segment under this joins the one before it
OPENING = 60  # a first sentence from this on is spoken alone, so that audio starts early
PARAGRAPH_PAUSE = 0.4  # seconds, on top of the 0.4 s that the engine leaves between any two segments
LONGEST_PARAGRAPH = 4000  # characters: the G2P of a book must not hold up its first sentence

_INVISIBLE = re.compile("[\x00-\x08\x0e-\x1b\x7f\x80-\x84\x86-\x9f\xad\u200b\u2060\ufeff\ud800-\udfff\ufffe\uffff]")
_WRAPPED_LINE = re.compile(r"(?<=[^\n]{50})(?<![.!?…:;\"”)])\n(?=[^\W\d_])")
_SENTENCE_END = re.compile(r"[.!?…][\"'”\u2019)\]]*\s")

_T = TypeVar("_T")

_SENTENCES = ".!?…"
_CUTS = (";:", ",—", " ")
_CLOSERS = '”)"\u2019'


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A piece of a text for one G2P call: at most `LONGEST_PARAGRAPH` characters, without line breaks."""

    text: str
    pause: float
    """Seconds of silence after it: 0 where a long paragraph was cut, and at the end of the text."""


@dataclass(frozen=True, slots=True)
class Segment:
    """What Kokoro renders at once: 1 to `LIMIT` phonemes, and the seconds of silence to add after them."""

    text: str
    phonemes: str
    pause: float


def split_paragraphs(text: str) -> list[Paragraph]:
    """Paragraphs of a text, in order. Lines are paragraphs, except within hard-wrapped prose.

    Whitespace is normalized; controls, soft hyphens and zero-width spaces are dropped; the rest is kept.
    """
    lines = "\n".join(map(str.strip, _INVISIBLE.sub("", text).splitlines()))
    paragraphs = [" ".join(paragraph.split()) for paragraph in _WRAPPED_LINE.sub(" ", lines).split("\n")]
    pieces = [list(_cut_text(paragraph)) for paragraph in paragraphs if paragraph]
    paused = [Paragraph(piece, PARAGRAPH_PAUSE * last) for ps in pieces for piece, last in _mark_last(ps)]
    return [*paused[:-1], *(Paragraph(last.text, 0.0) for last in paused[-1:])]


def segment(tokens: Iterable[Token], *, pause: float = 0.0, opening: bool = False) -> list[Segment]:
    """Segments of one paragraph, in order; every token is in exactly one, except that an over-long word is cut.

    `pause` follows the last segment. `opening` is for a text's first paragraph: its first sentence then stands
    alone when it has `OPENING` phonemes. A paragraph with nothing to speak ("* * *") has no segments.
    """
    sentences = [part for sentence in _split(list(tokens), _SENTENCES) for part in _fit(sentence, _CUTS)]
    first = 1 if opening and _size(sentences[0]) >= OPENING and _size(chain(*sentences[1:])) >= SHORTEST else 0
    parts = [*sentences[:first], *_pack(sentences[first:])]
    spoken = [(_text(part), _phonemes(part)) for part in parts]
    if not any(_speaks(phonemes) for _, phonemes in spoken):
        return []
    return [Segment(*words, pause if last else 0.0) for words, last in _mark_last(spoken)]


def segments(text: str, phonemize: Callable[[str], Iterable[Token]]) -> Iterator[Segment]:
    """Segments of a whole text, in order. `phonemize` is asked for one paragraph at a time, when its turn comes."""
    opening = True
    for paragraph in split_paragraphs(text):
        found = segment(phonemize(paragraph.text), pause=paragraph.pause, opening=opening)
        opening = opening and not found
        yield from found


def _cut_text(text: str) -> Iterator[str]:
    while len(text) > LONGEST_PARAGRAPH:
        head = text[:LONGEST_PARAGRAPH]
        ends = [match.end() for match in _SENTENCE_END.finditer(head)] or [head.rfind(" ")]
        end = ends[-1] if ends[-1] > 0 else LONGEST_PARAGRAPH
        yield text[:end].rstrip()
        text = text[end:].lstrip()
    yield text


def _split(tokens: list[Token], marks: str) -> list[list[Token]]:
    """Cut after each mark, closing quotes and brackets included."""
    parts: list[list[Token]] = [[]]
    for token, following in zip_longest(tokens, tokens[1:]):
        parts[-1].append(token)
        if following is not None and _ends(parts[-1], following, marks):
            parts.append([])
    return parts


def _ends(part: list[Token], following: Token, marks: str) -> bool:
    if not part[-1].whitespace and not _speaks(following.phonemes):
        return False  # a closing quote, or one more mark
    if marks == " ":
        return bool(part[-1].whitespace)
    return _phonemes(part[-4:]).rstrip(_CLOSERS)[-1:] in {*marks}


def _fit(tokens: list[Token], cuts: Sequence[str]) -> list[list[Token]]:
    if _size(tokens) <= LONGEST:
        return [tokens]
    if not cuts:
        return _pack([[piece] for token in tokens for piece in _cut_word(token)])
    return _pack([part for piece in _split(tokens, cuts[0]) for part in _fit(piece, cuts[1:])])


def _pack(parts: list[list[Token]]) -> list[list[Token]]:
    packed: list[list[Token]] = []
    for part in parts:
        if packed and _size(packed[-1] + part) <= _room(packed[-1], part):
            packed[-1] = packed[-1] + part
        else:
            packed.append(part)
    return packed


def _room(*parts: list[Token]) -> int:
    return LONGEST + SHORTEST if min(map(_size, parts)) < SHORTEST else TARGET


def _cut_word(token: Token) -> list[Token]:
    count = max(1, ceil(len(token.phonemes) / TARGET))
    step = ceil(len(token.text) / count)
    pieces = [
        Token(token.text[i * step : (i + 1) * step], "", token.phonemes[i * TARGET : (i + 1) * TARGET])
        for i in range(count)
    ]
    return [*pieces[:-1], replace(pieces[-1], whitespace=token.whitespace)]


def _mark_last(items: list[_T]) -> Iterator[tuple[_T, bool]]:
    return ((item, i == len(items)) for i, item in enumerate(items, 1))


def _text(tokens: Iterable[Token]) -> str:
    return "".join(token.text + token.whitespace for token in tokens).strip()


def _phonemes(tokens: Iterable[Token]) -> str:
    return "".join(token.phonemes + (" " if token.whitespace else "") for token in tokens).strip()


def _size(tokens: Iterable[Token]) -> int:
    return len(_phonemes(tokens))


def _speaks(phonemes: str) -> bool:
    return any(symbol.isalpha() for symbol in phonemes)
