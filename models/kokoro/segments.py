"""A text as Kokoro should hear it: paragraphs, then segments of whole sentences. Pure functions of their arguments.

Kokoro's own notes (VOICES.md in hexgrad/Kokoro-82M) say that voices do best on 100-200 tokens, are weak below 10-20,
and rush above 400; 510 is what its encoder holds. A token of theirs is one phoneme character here.

For a text that is heard while it is made, segments begin short, at a clause if need be, and grow: each is made in less
time than those before it sound, where speech is made three times as fast as it is spoken, or faster, and the first
sentence has a clause to end at.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, chain, pairwise, zip_longest
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
OPENING = 60  # the first segment that a listener waits for has this many, if the text lets it
GROWTH = 2  # times what was spoken before it: the most that a segment has which a listener waits for

FASTEST = 1.3  # speed up to which a text is cut at clauses: above it Kokoro swallows the first word of what it speaks

Cut = Callable[[list[Token]], list[list[Token]]]

_T = TypeVar("_T")

_SENTENCES = ".!?…"
_CUTS = (";:", ",—", " ")
_CLAUSES = ";:,—"
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
    tokens: Iterable[Token],
    *,
    pause: float = 0.0,
    lead: int = TARGET,
    speed: float = 1.0,
    apart: Apart = apart_by_space,
) -> list[Segment]:
    """Segments of one paragraph, in order; every token is in exactly one, except that an over-long word is cut.

    `pause` follows the last segment. `lead` is how many phonemes are spoken before this paragraph, for a text that is
    heard while it is made, at `speed`. A paragraph with nothing to speak ("* * *") has no segments.
    """
    sentences = [part for sentence in _split(list(tokens), _SENTENCES) for part in _fit(sentence, _CUTS)]
    parts = _grow(sentences, lead, _clauses if speed <= FASTEST else _whole)
    if not any(token.speaks for part in parts for token in part):
        return []
    return [
        Segment(_text(part), _phonemes(part), pause if last else 0.0, tuple(words(part, apart)))
        for part, last in _mark_last(parts)
    ]


def segments(
    text: str, phonemize: Callable[[str], Iterable[Token]], *, streamed: bool = False, speed: float = 1.0
) -> Iterator[Segment]:
    """Segments of a whole text, in order. `phonemize` is asked for one paragraph at a time, when its turn comes.

    `streamed` is for a text that somebody hears while it is made, at `speed`.
    """
    lead, apart = 0 if streamed else TARGET, apart_in(text)
    for paragraph in split_paragraphs(text):
        tokens = _placed(phonemize(paragraph.text.text) if paragraph.text else (), paragraph.text)
        found = segment(tokens, pause=paragraph.silence or paragraph.pause, lead=lead, speed=speed, apart=apart)
        lead += sum(len(part.phonemes) for part in found)
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


def _grow(sentences: list[list[Token]], lead: int, cut: Cut) -> list[list[Token]]:
    """Short parts first, until so much is spoken that a listener can wait for a long one; then packed sentences."""
    parts: list[list[Token]] = []
    while sentences and GROWTH * lead < TARGET:
        end = _beginning(sentences, max(OPENING, GROWTH * lead), cut)
        parts.append([*chain(*sentences)][:end])
        sentences = [*_after(sentences, end)]
        lead += _size(parts[-1])
    return [*parts, *_pack(sentences)]


def _beginning(sentences: list[list[Token]], room: int, cut: Cut) -> int:
    """Tokens of the most whole sentences that have room, else of the most clauses, else of the fewest clauses."""
    sizes = [0, *accumulate(len(token.spoken) for token in chain(*sentences))]
    clauses = [clause for sentence in sentences for clause in cut(sentence)]

    def whole(end: int) -> bool:
        return sizes[end] >= SHORTEST and (end == len(sizes) - 1 or sizes[-1] - sizes[end] >= SHORTEST)

    sentence_ends, clause_ends = ([*filter(whole, accumulate(map(len, pieces)))] for pieces in (sentences, clauses))
    for ends in (sentence_ends, clause_ends):
        if fitting := [end for end in ends if sizes[end] <= room]:
            return fitting[-1]
    return next(iter(clause_ends), len(sizes) - 1)


def _clauses(sentence: list[Token]) -> list[list[Token]]:
    """Cut where it reads well: the pieces of a list, a date or an address are too short for it."""
    pieces = _split(sentence, _CLAUSES)
    clauses = pieces[:1]
    for before, piece in pairwise(pieces):
        if min(_size(before), _size(piece)) >= SHORTEST and piece[0].start >= before[-1].end:
            clauses.append(piece)
        else:
            clauses[-1] = clauses[-1] + piece
    return clauses


def _whole(sentence: list[Token]) -> list[list[Token]]:
    return [sentence]


def _after(sentences: list[list[Token]], count: int) -> Iterator[list[Token]]:
    """The sentences, or what is left of them, without the first `count` tokens."""
    for sentence in sentences:
        if count < len(sentence):
            yield sentence[count:]
        count = max(0, count - len(sentence))


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
