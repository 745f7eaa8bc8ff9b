# ruff: noqa: RUF001 - marks of other scripts
"""A text as its G2P hears it: paragraphs, each of whose characters knows where in the text it is."""

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from models.kokoro.words import UNSPACED
from models.reading import markup
from models.reading.traced import Traced

PARAGRAPH_PAUSE = 0.4  # seconds, on top of the 0.4 s that the engine leaves between any two segments
LONGEST_PARAGRAPH = 4000  # characters: the G2P of a book must not hold up its first sentence

_INVISIBLE = re.compile("[\x00-\x08\x0e-\x1b\x7f\x80-\x84\x86-\x9f\xad\u200b\u2060\ufeff\ud800-\udfff\ufffe\uffff]")
_BREAK = re.compile(r"\r\n|[\r\v\f\x1c-\x1e\x85\u2028\u2029]")
# A row of blanks is looked at from its start alone, or a hundred thousand of them would take half a minute.
_LINE_ENDS = re.compile(r"(?<![^\S\n])[^\S\n]+\n[^\S\n]*|\n[^\S\n]+")
_WRAPPED_LINE = re.compile(r"(?<=[^\n]{50})(?<![.!?…:;\"”)。！？：；」』”）।॥])\n(?=[^\W\d_])")
_SPACES = re.compile(r"\s+")
_CLOSED = r"[\"'”\u2019)\]」』）】》]*"
_PLACES = (  # where a long paragraph may be cut, the best first
    re.compile(rf"[.!?…]{_CLOSED}\s|[。！？।॥]{_CLOSED}\s?"),
    re.compile(r"\s|[，、；：]"),
)


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A piece of a text for one G2P call: at most `LONGEST_PARAGRAPH` characters, without line breaks."""

    text: Traced
    pause: float
    """Seconds of silence after it: 0 where a long paragraph was cut, and at the end of the text."""
    silence: float = 0.0
    """Seconds of silence that a pause tag asks for instead, whether or not anything is spoken."""


def split_paragraphs(text: str) -> list[Paragraph]:
    """Paragraphs of a text, in order. Lines are paragraphs, except within hard-wrapped prose; pause tags end one too.

    Whitespace is normalized; controls, soft hyphens and zero-width spaces are dropped; the rest is kept.
    """
    found: list[Paragraph] = []
    for passage in markup.parse(text):
        pieces = [paragraph for text in _paragraphs(passage.text) for paragraph in _pieces(text)]
        if passage.pause:
            last = pieces.pop() if pieces else Paragraph(Traced.of(""), 0.0)
            pieces.append(replace(last, silence=passage.pause))
        found += pieces
    return [*found[:-1], *(replace(last, pause=0.0) for last in found[-1:])]


def _paragraphs(text: Traced) -> Iterator[Traced]:
    lines = text.sub(_INVISIBLE, lambda _: "").sub(_BREAK, lambda _: "\n").sub(_LINE_ENDS, lambda _: "\n")
    joined = lines.sub(_WRAPPED_LINE, lambda line: "" if UNSPACED.match(line.string, line.end()) else " ")
    for paragraph in re.finditer(r"[^\n]+", joined.text):
        yield joined[paragraph.start() : paragraph.end()].sub(_SPACES, lambda _: " ").strip()


def _pieces(text: Traced) -> Iterator[Paragraph]:
    start, overrides = 0, _overrides(text.text)
    while len(text) - start > LONGEST_PARAGRAPH:
        end = _place(text.text, start, overrides)
        yield Paragraph(text[start:end].strip(), 0.0)
        start = end
    yield Paragraph(text[start:].strip(), PARAGRAPH_PAUSE)


def _overrides(text: str) -> list[tuple[int, int]]:
    """Where `[word](/ipa/)` is."""
    pieces = list(markup.spoken(text))
    return [(before.end, after.start) for before, after in zip(pieces[:-2:2], pieces[2::2], strict=True)]


def _place(text: str, start: int, overrides: Sequence[tuple[int, int]]) -> int:
    """Where to cut, at most `LONGEST_PARAGRAPH` after `start` unless an override is longer than that."""

    def override(end: int) -> tuple[int, int] | None:
        before = max(0, bisect_left(overrides, (end, 0)) - 1)
        return next((span for span in overrides[before : before + 1] if span[0] < end < span[1]), None)

    latest = start + LONGEST_PARAGRAPH
    for place in _PLACES:
        ends = [found.end() for found in place.finditer(text, start, latest) if not override(found.end())]
        if ends:
            return ends[-1]
    first, last = override(latest) or (latest, latest)
    return first if first > start else last
