# ruff: noqa: RUF001 - phonemes
"""Which phonemes of a sentence belong to which of its words."""

import re
from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise

from rapidfuzz.distance import Levenshtein, Opcode

_STRESS = str.maketrans("", "", "ˈˌ")
_ONSET = re.compile(r"[\s\u0300-\u036fː]*")  # what belongs to the sound before it


def spread(said: str, alone: Sequence[str]) -> list[str]:
    """`said`, cut into one piece for each word of the sentence; joined they are `said`, spaces included.

    `alone` is how each word is said by itself. Mostly a word is a word of `said` too, but espeak-ng joins some
    ("qu'est-ce que") and takes some apart ("URL"). Words are aligned first (least edits, Levenshtein), then the
    characters of what differs.
    """
    heard = re.findall(r"\S+\s*", said)
    parts = [(index, part) for index, word in enumerate(alone) for part in word.split()]
    pieces = [""] * len(alone)
    for first, last, start, end in _regions([_bare(part) for _, part in parts], [_bare(word) for word in heard]):
        owners = parts[first:last] or parts[max(0, first - 1) : max(1, first)] or [(0, "")]
        for (owner, _), piece in zip(owners, _matched(heard[start:end], [part for _, part in owners]), strict=True):
            pieces[owner] += piece
    return pieces


def _bare(word: str) -> str:
    return word.strip().translate(_STRESS)


def _regions(expected: Sequence[str], heard: Sequence[str]) -> Iterator[tuple[int, int, int, int]]:
    """Stretches of both, in order, in which all words are the same or all differ: first, last, start, end."""
    for _, run in groupby(Levenshtein.opcodes(expected, heard), key=lambda opcode: opcode.tag == "equal"):
        stretch = list(run)
        yield stretch[0].src_start, stretch[-1].src_end, stretch[0].dest_start, stretch[-1].dest_end


def _matched(heard: Sequence[str], parts: Sequence[str]) -> Sequence[str]:
    return heard if len(heard) == len(parts) else list(_cut("".join(heard), parts))


def _cut(heard: str, parts: Sequence[str]) -> Iterator[str]:
    """`heard`, cut where the characters of `parts` meet in it."""
    expected = " ".join(parts)
    opcodes = list(Levenshtein.opcodes(expected, heard))
    cuts, position = [0], 0
    for part in parts[:-1]:
        position += len(part) + 1
        onset = _ONSET.match(heard, _place(position, opcodes))
        assert onset is not None
        cuts.append(onset.end())
    return (heard[start:end] for start, end in pairwise([*cuts, len(heard)]))


def _place(position: int, opcodes: Sequence[Opcode]) -> int:
    """Where a character of the one text is in the other."""
    opcode = next(opcode for opcode in opcodes if opcode.src_start <= position < opcode.src_end)
    return min(opcode.dest_start + position - opcode.src_start, opcode.dest_end)
