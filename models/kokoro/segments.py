"""A text as Kokoro should hear it: paragraphs, then segments of whole sentences. Pure functions of their arguments.

Kokoro's own notes (VOICES.md in hexgrad/Kokoro-82M) say that voices do best on 100-200 tokens, are weak below 10-20,
and rush above 400; 510 is what its encoder holds. A token of theirs is one phoneme character here.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, zip_longest
from math import ceil
from typing import TypeVar

from models.kokoro.paragraphs import split_paragraphs
from models.kokoro.tokens import Token
from models.kokoro.words import Apart, Word, apart_by_space, apart_in, words
from models.reading.traced import Traced

LIMIT = 510
LONGEST = 400  # a sentence longer than this is cut
TARGET = 250  # sentences are packed up to this
SHORTEST = 20  # a last segment under this joins the one before it
OPENING = 60  # a first sentence from this on is spoken alone, so that audio starts early

_T = TypeVar("_T")

_SENTENCES = ".!?…"
_CUTS = (";:", ",—", " ")
_CLOSERS = '”)"\u2019'


@dataclass(frozen=True, slots=True)
class Segment:
    """What Kokoro renders at once: 1 to `LIMIT` phonemes, and the seconds of silence to add after them.

    Without phonemes it is silence alone: a pause where nothing is spoken before it.
    """

    text: str
    phonemes: str
    pause: float
    words: tuple[Word, ...] = ()


def segment(
    tokens: Iterable[Token], *, pause: float = 0.0, opening: bool = False, apart: Apart = apart_by_space
) -> list[Segment]:
    """Segments of one paragraph, in order; every token is in exactly one, except that an over-long word is cut.

    `pause` follows the last segment. `opening` is for a text's first paragraph: its first sentence then stands
    alone when it has `OPENING` phonemes. A paragraph with nothing to speak ("* * *") has no segments.
    """
    sentences = [part for sentence in _split(list(tokens), _SENTENCES) for part in _fit(sentence, _CUTS)]
    first = 1 if opening and _size(sentences[0]) >= OPENING and _size(chain(*sentences[1:])) >= SHORTEST else 0
    parts = [*sentences[:first], *_pack(sentences[first:])]
    if not any(token.speaks for part in parts for token in part):
        return []
    return [
        Segment(_text(part), _phonemes(part), pause if last else 0.0, tuple(words(part, apart)))
        for part, last in _mark_last(parts)
    ]


def segments(text: str, phonemize: Callable[[str], Iterable[Token]]) -> Iterator[Segment]:
    """Segments of a whole text, in order. `phonemize` is asked for one paragraph at a time, when its turn comes."""
    opening, apart = True, apart_in(text)
    for paragraph in split_paragraphs(text):
        tokens = _placed(phonemize(paragraph.text.text) if paragraph.text else (), paragraph.text)
        found = segment(tokens, pause=paragraph.silence or paragraph.pause, opening=opening, apart=apart)
        opening = opening and not found
        yield from found
        if paragraph.silence and not found:
            yield Segment("", "", paragraph.silence)


def _placed(tokens: Iterable[Token], text: Traced) -> list[Token]:
    """The tokens of a paragraph, where they are in the whole text."""
    spans = ((token, text.span(token.start, token.end)) for token in tokens)
    return [replace(token, start=start, end=end) for token, (start, end) in spans]


def _split(tokens: list[Token], marks: str) -> list[list[Token]]:
    """Cut after each mark, closing quotes and brackets included."""
    parts: list[list[Token]] = [[]]
    for token, following in zip_longest(tokens, tokens[1:]):
        parts[-1].append(token)
        if following is not None and _ends(parts[-1], following, marks):
            parts.append([])
    return parts


def _ends(part: list[Token], following: Token, marks: str) -> bool:
    if not following.speaks and (not part[-1].whitespace or following.phonemes in {*_CLOSERS}):
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
    texts = (token.text[i * step : (i + 1) * step] for i in range(count))
    sounds = (token.phonemes[i * TARGET : (i + 1) * TARGET] for i in range(count))
    pieces = [replace(token, text=t, whitespace="", phonemes=p) for t, p in zip(texts, sounds, strict=True)]
    return [*pieces[:-1], replace(pieces[-1], whitespace=token.whitespace)]


def _mark_last(items: list[_T]) -> Iterator[tuple[_T, bool]]:
    return ((item, i == len(items)) for i, item in enumerate(items, 1))


def _text(tokens: Iterable[Token]) -> str:
    return "".join(token.text + token.whitespace for token in tokens).strip()


def _phonemes(tokens: Iterable[Token]) -> str:
    return "".join(token.spoken for token in tokens).strip()


def _size(tokens: Iterable[Token]) -> int:
    return len(_phonemes(tokens))
