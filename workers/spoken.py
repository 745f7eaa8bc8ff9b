"""What of a clone's text is spoken already: kept piece by piece, so that a later attempt goes on there."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from jobs.errors import NotFound
from jobs.files import FileStore, work_key

NAME = "pieces.json"

FAILED = "failed.json"
"""What the check leaves: numbers of the pieces that are to be spoken anew."""

NARRATOR = "narrator.json"


@dataclass(frozen=True, slots=True)
class Spoken:
    """A piece whose segments are stored: `count` of them from `first` on, with the silence around it."""

    text: str
    first: int
    count: int
    sample_rate: int
    seconds: float
    seed: int
    loudness: float | None
    """LUFS of the stored segments; None for what is too short to tell."""
    gain: float = 1.0
    """By which they are to be multiplied still."""
    anew: bool = False
    """Whether it was spoken once more, because it was not understood."""
    kept: bool = False
    """Whether it was not understood, and stays as it is all the same."""


class Progress:
    """The pieces that are spoken, in order."""

    def __init__(self, files: FileStore, job_id: str) -> None:
        self._files = files
        self._job_id = job_id
        self.pieces = [Spoken(**piece) for piece in self._read(NAME, [])]

    @property
    def seconds(self) -> float:
        return sum(piece.seconds for piece in self.pieces)

    @property
    def segments(self) -> int:
        return sum(piece.count for piece in self.pieces)

    @property
    def characters(self) -> int:
        return sum(len(piece.text) for piece in self.pieces)

    @property
    def loudness(self) -> float | None:
        """LUFS that all shall have: the first piece's that tells."""
        return next((piece.loudness for piece in self.pieces if piece.loudness is not None), None)

    def add(self, piece: Spoken) -> None:
        """To be called when its segments are stored."""
        self._write([*self.pieces, piece])

    def replace(self, index: int, piece: Spoken) -> None:
        self._write([*self.pieces[:index], piece, *self.pieces[index + 1 :]])

    def tell(self, facts: Mapping[str, Any]) -> None:
        """Keeps what the result is to tell of who spoke."""
        if facts:
            self._store(NARRATOR, facts)

    @property
    def facts(self) -> dict[str, Any]:
        return dict(self._read(NARRATOR, {}))

    def _write(self, pieces: list[Spoken]) -> None:
        self._store(NAME, [asdict(piece) for piece in pieces])
        self.pieces = pieces

    def _store(self, name: str, value: Any) -> None:
        self._files.put(work_key(self._job_id, name), json.dumps(value).encode())

    def _read(self, name: str, missing: Any) -> Any:
        try:
            return json.loads(self._files.get(work_key(self._job_id, name)))
        except NotFound:
            return missing
