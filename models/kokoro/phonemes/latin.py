# ruff: noqa: RUF001 - phonemes and apostrophes
"""Latin words in a text of another script ("我用 Python", "iPhoneを買った"): read as English.

misaki hands such letters on as if they were phonemes, so that Kokoro says some and skips others.
"""

import re
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import chain

from models.kokoro.phonemes import G2P, Plain
from models.kokoro.tokens import Token
from models.reading.reader import Override

_LETTERS = "[A-Za-z\u00c0-\u024f\uff21-\uff3a\uff41-\uff5a]"
_RUN = re.compile(rf"{_LETTERS}+(?:[ '’&.-]{{1,2}}{_LETTERS}+)*")
_NARROW = {wide: wide - 0xFEE0 for wide in (*range(0xFF21, 0xFF3B), *range(0xFF41, 0xFF5B))}


def speaking_latin(g2p: G2P, english: Plain) -> G2P:
    """`g2p`, with what `english` says of Latin words."""

    @cache
    def letter(name: str) -> str:
        return english(f"{name}.")[0].phonemes  # by its name: "a" alone would be the article

    def words_of(run: re.Match[str]) -> Iterator[Override]:
        text = run[0].translate(_NARROW)
        if len(text) == 1:
            yield Override(*run.span(), letter(text.upper()))
            return
        for token in english(text):
            if token.phonemes:
                yield Override(run.start() + token.start, run.start() + token.end, token.phonemes)

    def tokens(text: str, overrides: Sequence[Override]) -> list[Token]:
        words = [word for run in _runs(text, overrides) for word in words_of(run)]
        return g2p(text, sorted([*overrides, *words], key=lambda override: override.start))

    return tokens


def _runs(text: str, overrides: Sequence[Override]) -> Iterator[re.Match[str]]:
    starts = [0, *(override.end for override in overrides)]
    ends = [*(override.start for override in overrides), len(text)]
    return chain.from_iterable(_RUN.finditer(text, start, end) for start, end in zip(starts, ends, strict=True))
