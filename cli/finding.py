"""What `voxhall doctor` found, with its verdict."""

from dataclasses import dataclass
from typing import Literal

Verdict = Literal["ok", "note", "bad"]


@dataclass(frozen=True, slots=True)
class Finding:
    what: str
    found: str
    verdict: Verdict
