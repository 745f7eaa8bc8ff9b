"""How each stock voice of Kokoro sounds to GE2E: the table that `bench.stock_voices` makes."""

import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from models.errors import ModelUnreadable

FILE = "stock.npz"
TABLE = Path(__file__).with_name(FILE)
"""In the repository; an installed model has a copy of it."""

LANGUAGES = {"en-us": "en", "en-gb": "en", "fr-fr": "fr", "pt-br": "pt"}
"""ISO 639-1 of Kokoro's codes, where they differ."""


@dataclass(frozen=True, slots=True)
class Stock:
    """A row for each voice: its id, its language (ISO 639-1), "female" or "male", its vector (n, 256), of length 1."""

    ids: NDArray[np.str_]
    languages: NDArray[np.str_]
    genders: NDArray[np.str_]
    vectors: NDArray[np.float32]

    def of(self, language: str, gender: str) -> Self:
        rows = (self.languages == language) & (self.genders == gender)
        return type(self)(self.ids[rows], self.languages[rows], self.genders[rows], self.vectors[rows])

    def write(self, path: Path) -> None:
        np.savez(path, ids=self.ids, languages=self.languages, genders=self.genders, vectors=self.vectors)

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Raises `ModelUnreadable`."""
        try:
            # numpy leaves a file open that it opened itself and cannot read.
            with (folder / FILE).open("rb") as file, np.load(file, allow_pickle=False) as stored:
                return cls(stored["ids"], stored["languages"], stored["genders"], stored["vectors"])
        except (OSError, LookupError, ValueError, EOFError, zipfile.BadZipFile) as error:
            raise ModelUnreadable(f"{FILE} is missing or broken: run `voxhall models pull kokoro-match`") from error
