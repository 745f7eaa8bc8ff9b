"""The caller's words in what is spoken."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

import regex

from models.kokoro.tokens import Token
from models.reading import markup

UNSPACED = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}]")
"""A character of a script that puts no space between words."""

Apart = Callable[[Token, Token], bool]
"""Whether two tokens, one after the other, are of different words."""


@dataclass(frozen=True, slots=True)
class Word:
    """The caller's characters `start:end` are spoken by `phonemes[first:last]` of the segment."""

    start: int
    end: int
    first: int
    last: int


def words(tokens: Sequence[Token], apart: Apart) -> Iterator[Word]:
    """The words that are spoken, without the marks around them, by the tokens of a segment.

    Tokens of one number share its span, and are one word.
    """
    found: list[list[tuple[Token, int]]] = []
    joined = "".join(token.spoken for token in tokens)
    position = len(joined.lstrip()) - len(joined)  # of a segment, which begins with no space
    for i, token in enumerate(tokens):
        if i == 0 or (token.start >= tokens[i - 1].end and apart(tokens[i - 1], token)):
            found.append([])
        if token.speaks:
            found[-1].append((token, position))
        position += len(token.spoken)
    for word in filter(None, found):
        (_, first), (token, last) = word[0], word[-1]
        start, end = min(token.start for token, _ in word), max(token.end for token, _ in word)
        yield Word(start, end, first, last + len(token.phonemes))


def apart_by_space(one: Token, _: Token) -> bool:
    """Words are apart where whitespace was left between them."""
    return bool(one.whitespace)


def apart_in(text: str) -> Apart:
    """Words are apart where whitespace is between them in this text, markup left out, or a script that needs none."""
    blank = [*map(str.isspace, text)]
    for start, end in markup.hidden(text):
        blank[start:end] = [False] * (end - start)
    spaces = [0, *accumulate(blank)]

    def apart(one: Token, other: Token) -> bool:
        unspaced = UNSPACED.match(text, one.end - 1) or UNSPACED.match(text, other.start)
        return bool(unspaced) or spaces[other.start] > spaces[one.end]

    return apart
