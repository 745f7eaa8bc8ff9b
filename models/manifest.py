"""What lies in a model's folder, and where each file really came from."""

from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, ValidationError

from models.files import File, RebuildSource

NAME = "manifest.json"


class Record(BaseModel):
    """A file as it was when it was put in place. `source` is for people."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    size: int
    sha256: str
    source: str
    rebuilt: bool = False


class Manifest(BaseModel):
    """The records of a model's folder, by path. One that cannot be read is as good as none: a pull writes it anew."""

    model_config = ConfigDict(extra="forbid")

    files: dict[str, Record] = {}

    @classmethod
    def load(cls, folder: Path) -> Self:
        try:
            return cls.model_validate_json((folder / NAME).read_bytes())
        except (FileNotFoundError, NotADirectoryError, ValidationError):
            return cls()

    def save(self, folder: Path) -> None:
        new = folder / f"{NAME}.new"
        new.write_text(self.model_dump_json(indent=2), encoding="utf-8")
        new.replace(folder / NAME)

    def expected(self, file: File) -> tuple[int | None, str | None]:
        """Size and SHA-256 that the file must have: the catalog's, or the recorded ones where the catalog has none.

        A rebuilt file has its own bytes, so its record counts; but only where the catalog lets it be rebuilt.
        """
        record = self.files.get(file.path)
        may_be_rebuilt = any(isinstance(source, RebuildSource) for source in file.sources)
        if record and ((record.rebuilt and may_be_rebuilt) or file.sha256 is None):
            return record.size, record.sha256
        return file.size, file.sha256
