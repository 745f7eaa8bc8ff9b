"""Long words, cut, and rows of one sign, shortened, before a G2P hears them.

misaki's time grows with the cube of a word's parts ("x-x-x-…", "%%%…"), and espeak-ng is silent after 160 bytes.
"""

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain, pairwise

import regex

from models.kokoro.phonemes import G2P
from models.kokoro.tokens import Token
from models.reading.reader import Override
from models.reading.traced import Traced

MOST_SIGNS = 3

_ROW = re.compile(rf"([^\w\s]|_)\1{{{MOST_SIGNS},}}+")
_LONG_WORD = regex.compile(r"\S{50}(?=\S)")
_PART = r"(?>\p{Lu}*+[\p{L}\p{M}--\p{Lu}]++|\p{Lu}++|\S)"
_MANY_PARTS = regex.compile(rf"{_PART}{{12}}(?=\S)", regex.V1)


def cutting_long_words(g2p: G2P) -> G2P:
    """`g2p` of a text whose words have 50 characters and 12 parts at most, and its rows of a sign 3, but for overrides.

    What is longer has a space in it; a row is as it is read if it were three signs.
    """

    def tokens(text: str, overrides: Sequence[Override]) -> list[Token]:
        short = Traced.of(text).sub(
            _ROW, lambda row: None if _overridden(*row.span(), overrides) else row[0][:MOST_SIGNS]
        )
        for pattern in (_LONG_WORD, _MANY_PARTS):
            short = _spaced(short, [word.end() for word in pattern.finditer(short.text)], overrides)
        found = g2p(short.text, [_moved(override, short) for override in overrides])
        spans = [short.span(token.start, token.end) for token in found]
        return [replace(token, start=start, end=end) for token, (start, end) in zip(found, spans, strict=True)]

    return tokens


def _overridden(start: int, end: int, overrides: Sequence[Override]) -> bool:
    return any(override.start < end and start < override.end for override in overrides)


def _within(cut: int, overrides: Sequence[Override]) -> bool:
    return any(override.start < cut < override.end for override in overrides)


def _spaced(text: Traced, ends: Sequence[int], overrides: Sequence[Override]) -> Traced:
    """A space at each of the places that is in no override; it stands for the character before it."""
    cuts = [end for end in ends if not _within(text.ends[end - 1], overrides)]
    parts = [text[start:end] for start, end in pairwise([0, *cuts, len(text)])]
    gaps = [*(text.written(cut - 1, cut, " ") for cut in cuts), Traced.of("")]
    return Traced.join(chain.from_iterable(zip(parts, gaps, strict=True)))


def _moved(override: Override, text: Traced) -> Override:
    """In a text that is the same within the override."""
    start, last = (bisect_left(text.starts, place) for place in (override.start, override.end - 1))
    return Override(start, last + 1, override.ipa)
