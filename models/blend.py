"""A voice, or a blend of several: `af_bella(2)+af_sky(1)`. Light enough for the API process."""

import re
from collections import defaultdict
from dataclasses import dataclass

MOST_VOICES = 8

_MARKS = re.compile(r"[+()]")
_PART = re.compile(r"\s*(?P<voice>[^+()\s]+)\s*(?:\(\s*(?P<weight>[0-9]{1,4}(?:\.[0-9]{1,4})?|\.[0-9]{1,4})\s*\))?\s*")


class BlendError(ValueError):
    """A blend that cannot be read. The message says how one is written, and quotes nothing."""


@dataclass(frozen=True, slots=True)
class Part:
    """A voice's share of a blend: `weight` is above 0, and the weights of a blend add up to 1."""

    voice: str
    weight: float


def parse_blend(voice: str) -> tuple[Part, ...]:
    """The voices of a blend, each once, in the order of their first mention; a name without marks is one voice.

    Raises:
        BlendError: no blend of at most `MOST_VOICES` voices with weights above 0.
    """
    if not _MARKS.search(voice):
        return (Part(voice, 1.0),)
    pieces = voice.split("+")
    if len(pieces) > MOST_VOICES:
        raise BlendError(f"A blend has at most {MOST_VOICES} voices.")
    weights: defaultdict[str, float] = defaultdict(float)
    for piece in pieces:
        found = _PART.fullmatch(piece)
        weight = float(found["weight"] or 1) if found else 0.0
        if found is None or not weight:
            raise BlendError("Write a blend as `voice(2)+voice(1)`, with weights above 0 and below 10000.")
        weights[found["voice"]] += weight
    total = sum(weights.values())
    return tuple(Part(name, weight / total) for name, weight in weights.items())
