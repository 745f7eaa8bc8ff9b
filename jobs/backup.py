"""Everything that a server must not lose, of one moment, while it runs: ledger, files, and the key that signs links.

The ledger is copied at one moment and the files after it, which never change once they are stored. What jobs that are
not over need to go on is copied before it as well, and at once after it: it may be deleted as soon as the job ends.
"""

import hashlib
import importlib.metadata
import tempfile
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from pydantic import BaseModel, ValidationError
from sqlalchemy import select

from jobs import archives
from jobs.copying import check_ledger, copy_in, copy_out, foresee
from jobs.database import Database, revision
from jobs.errors import Conflict, InvalidRequest, NotFound
from jobs.files import FileStore, job_prefix, open_files
from jobs.schema import jobs
from jobs.settings import Settings

MANIFEST = "backup.json"
LEDGER = "ledger.db"
SECRET = "secret"  # noqa: S105 - its file
FILES = "files/"
FORM = 1
PIECE = 1024 * 1024


class Stored(BaseModel):
    bytes: int
    sha256: str


class Manifest(BaseModel):
    """What a backup tells of itself; written last."""

    form: int
    voxhall: str
    revision: str | None
    made_at: str
    files: dict[str, Stored]
    """By their names in the backup."""


@dataclass(slots=True)
class _Copy:
    writer: archives.Writer
    files: dict[str, Stored] = field(default_factory=dict)

    def add(self, name: str, file: IO[bytes]) -> None:
        digest = _sha256(file)
        size = file.tell()
        file.seek(0)
        self.writer.add(name, file)
        self.files[name] = Stored(bytes=size, sha256=digest)


def back_up(settings: Settings, target: Path) -> Manifest:
    """Writes a backup into the folder or the .tar file `target`.

    Raises:
        Conflict, InvalidRequest: there is something already, another one is being written, or `target` is no name for
            a backup.
        Unavailable: ledger or file store do not answer, or the ledger is not this version's.
        OSError: the backup cannot be written.
    """
    url, store = settings.ledger_url, open_files(settings)
    check_ledger(url)
    with archives.written(target) as writer, tempfile.TemporaryDirectory(prefix="voxhall-") as scratch:
        copy = _Copy(writer)
        _add_needed(copy, store, url)
        ledger = Path(scratch) / LEDGER
        copy_out(url, ledger)
        # First those that came since, or went on: they may end, and lose all this, at any moment.
        _add_needed(copy, store, f"sqlite:///{ledger}")
        _add_stored(copy, store, "")
        with ledger.open("rb") as file:
            copy.add(LEDGER, file)
        if (secret := settings.data_dir / SECRET).is_file():
            with secret.open("rb") as file:
                copy.add(SECRET, file)
        manifest = _manifest(copy, f"sqlite:///{ledger}")
        _write_manifest(writer, manifest, Path(scratch))
    return manifest


def restore(settings: Settings, source: Path) -> Manifest:
    """Fills the empty places that the settings name from a backup. It is read whole, and compared, before anything is.

    Raises:
        Conflict: data folder or file store are not empty.
        NotFound, InvalidRequest: `source` is no backup, or is damaged.
        Unavailable: the backup is a newer Voxhall's, the ledger is not empty, or something does not answer.
    """
    _require_empty(settings)
    with archives.read(source) as reader, tempfile.TemporaryDirectory(prefix="voxhall-") as scratch:
        manifest = _checked(reader)
        store = open_files(settings)
        if store.list(""):
            raise Conflict("The file store is not empty; a backup is restored into an empty one.")
        ledger = Path(scratch) / LEDGER
        _extract(reader, LEDGER, ledger)
        foresee(ledger, settings.ledger_url)
        for name in manifest.files:
            if name.startswith(FILES):
                with reader.open(name) as file:
                    store.put(name.removeprefix(FILES), file)
        if SECRET in manifest.files:
            _extract(reader, SECRET, settings.data_dir / SECRET)
        # Last: what is broken off has no jobs and no keys, and so is never taken for a whole server.
        copy_in(ledger, settings.ledger_url)
    return manifest


def _add_needed(copy: _Copy, store: FileStore, ledger_url: str) -> None:
    """What jobs that are not over go on with."""
    for job_id in _unfinished(ledger_url):
        for prefix in (f"{job_prefix(job_id)}input/", f"{job_prefix(job_id)}work/"):
            _add_stored(copy, store, prefix)


def _add_stored(copy: _Copy, store: FileStore, prefix: str) -> None:
    for key in store.list(prefix):
        if FILES + key in copy.files:
            continue
        try:
            with store.local(key) as path, path.open("rb") as file:
                copy.add(FILES + key, file)
        except (NotFound, FileNotFoundError):
            continue  # deleted meanwhile, and so it would be in a later backup


def _unfinished(url: str) -> list[str]:
    database = Database(url)
    try:
        with database.read() as connection:
            query = select(jobs.c.id).where(jobs.c.state.in_(("queued", "running"))).order_by(jobs.c.id)
            return list(connection.execute(query).scalars())
    finally:
        database.close()


def _manifest(copy: _Copy, ledger_url: str) -> Manifest:
    version = importlib.metadata.version("voxhall")
    made_at = datetime.now(UTC).isoformat(timespec="seconds")
    return Manifest(form=FORM, voxhall=version, revision=revision(ledger_url), made_at=made_at, files=copy.files)


def _write_manifest(writer: archives.Writer, manifest: Manifest, scratch: Path) -> None:
    path = scratch / MANIFEST
    path.write_text(manifest.model_dump_json(indent=1))
    with path.open("rb") as file:
        writer.add(MANIFEST, file)


def _require_empty(settings: Settings) -> None:
    found = [path.name for path in settings.data_dir.iterdir() if path.name != "tmp"]
    if found:
        raise Conflict(
            f"{settings.data_dir.resolve()} is not empty ({', '.join(sorted(found)[:5])}); a backup is restored into "
            "an empty folder, which --data-dir names."
        )


def _checked(reader: archives.Reader) -> Manifest:
    with reader.open(MANIFEST) as file:
        try:
            manifest = Manifest.model_validate_json(file.read())
        except ValidationError as error:
            raise InvalidRequest(f"{MANIFEST} of the backup cannot be read.") from error
    if manifest.form != FORM or LEDGER not in manifest.files:
        raise InvalidRequest(f"This Voxhall restores backups of form {FORM}; this one is of form {manifest.form}.")
    for name in manifest.files:
        if not _is_ours(name):
            raise InvalidRequest(f"The backup has a file that no Voxhall writes: {name[:100]!r}.")
    for name, stored in manifest.files.items():
        with reader.open(name) as file:
            if _sha256(file) != stored.sha256:
                raise InvalidRequest(f"The backup is damaged: {name} is not what was written.")
    return manifest


def _is_ours(name: str) -> bool:
    parts = name.removeprefix(FILES).split("/")
    return name in {LEDGER, SECRET} or (name.startswith(FILES) and "\0" not in name and not {"", ".", ".."} & {*parts})


def _extract(reader: archives.Reader, name: str, path: Path) -> None:
    with reader.open(name) as file, path.open("xb") as copy:
        while piece := file.read(PIECE):
            copy.write(piece)


def _sha256(file: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while piece := file.read(PIECE):
        digest.update(piece)
    return digest.hexdigest()
