"""Long words, cut: misaki's time grows with the cube of a word's length, and espeak-ng is silent after 160 bytes."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain, pairwise

from models.kokoro.phonemes import G2P
from models.kokoro.tokens import Token
from models.reading.reader import Override
from models.reading.traced import Traced

_LONG_WORD = re.compile(r"\S{50}(?=\S)")


def cutting_long_words(g2p: G2P) -> G2P:
    """`g2p` of a text with a space after every 50 characters of a word, except within overrides."""

    def tokens(text: str, overrides: Sequence[Override]) -> list[Token]:
        cuts = [cut for cut in (word.end() for word in _LONG_WORD.finditer(text)) if not _within(cut, overrides)]
        if not cuts:
            return g2p(text, overrides)
        spaced = _spaced(text, cuts)
        moved = [
            Override(o.start + bisect_right(cuts, o.start), o.end + bisect_left(cuts, o.end), o.ipa) for o in overrides
        ]
        found = g2p(spaced.text, moved)
        spans = [spaced.span(token.start, token.end) for token in found]
        return [replace(token, start=start, end=end) for token, (start, end) in zip(found, spans, strict=True)]

    return tokens


def _within(cut: int, overrides: Sequence[Override]) -> bool:
    return any(override.start < cut < override.end for override in overrides)


def _spaced(text: str, cuts: Sequence[int]) -> Traced:
    """A space at each of the places, which stands for the character before it."""
    whole = Traced.of(text)
    parts = [whole[start:end] for start, end in pairwise([0, *cuts, len(text)])]
    gaps = [*(whole.written(cut - 1, cut, " ") for cut in cuts), Traced.of("")]
    return Traced.join(chain.from_iterable(zip(parts, gaps, strict=True)))
