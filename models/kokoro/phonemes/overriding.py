"""Phonemes that were given, among those of a language's G2P."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace

from models.kokoro.phonemes import G2P, Plain
from models.kokoro.tokens import Token
from models.reading.reader import Override


def overriding(plain: Plain) -> G2P:
    """`plain`, which hears the whole text for its context, and then overrides in the place of its tokens."""

    def tokens(text: str, overrides: Sequence[Override]) -> list[Token]:
        waiting, done = deque(plain(text)), list[Token]()
        for override in overrides:
            done += _until(waiting, override.start, lambda token: token.end)
            covered = _until(waiting, override.end - 1, lambda token: token.start)
            start, end, gap = override.start, override.end, " "
            if covered:
                start, end, gap = covered[0].start, covered[-1].end, covered[-1].whitespace
            rest = _part(plain, text, override.end, end)
            done += _part(plain, text, start, override.start)
            done.append(_said(text, override, "" if rest else gap))
            waiting.extendleft(reversed([*rest[:-1], *(replace(last, whitespace=gap) for last in rest[-1:])]))
        return [*done, *waiting]

    return tokens


def _until(waiting: deque[Token], last: int, place: Callable[[Token], int]) -> list[Token]:
    """The tokens whose place is not after `last`, taken off."""
    taken = list[Token]()
    while waiting and place(waiting[0]) <= last:
        taken.append(waiting.popleft())
    return taken


def _part(plain: Plain, text: str, start: int, end: int) -> list[Token]:
    """What an override leaves of a token: the "s" of "[Kokoro](/…/)s"."""
    tokens = plain(text[start:end]) if start < end else []
    return [replace(token, start=token.start + start, end=token.end + start) for token in tokens]


def _said(text: str, override: Override, whitespace: str) -> Token:
    return Token(text[override.start : override.end], whitespace, override.ipa, override.start, override.end)
