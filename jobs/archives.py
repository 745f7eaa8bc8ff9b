"""A backup's own files: a folder, or one uncompressed tar. Either is inside another folder until it is whole."""

import fcntl
import os
import shutil
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Protocol, cast

from jobs.errors import Conflict, InvalidRequest, NotFound

PARTIAL = ".partial"
LOCK = "lock"


class Writer(Protocol):
    def add(self, name: str, file: IO[bytes]) -> None: ...


class Reader(Protocol):
    def open(self, name: str) -> IO[bytes]:
        """Raises `NotFound`."""


@contextmanager
def written(target: Path) -> Iterator[Writer]:
    """What is added in the block is at `target` after it, all or nothing, and on the disk. What another one left that
    was killed is deleted.

    Raises:
        Conflict: there is something already, or another one is being written.
        InvalidRequest: the name has an ending that is not `.tar`.
    """
    if target.suffix not in {"", ".tar"}:
        raise InvalidRequest(f"{target} is to be a folder or a .tar file.")
    if target.exists():
        raise _taken(target)
    with _held(target.with_name(target.name + PARTIAL)) as partial:
        whole = partial / target.name
        if target.suffix:
            with tarfile.open(whole, "x") as tar:
                yield _TarWriter(tar)
        else:
            whole.mkdir()
            yield _FolderWriter(whole)
        _sync(whole)
        if target.exists():
            raise _taken(target)
        whole.rename(target)
        _sync_one(target.parent)


@contextmanager
def _held(folder: Path) -> Iterator[Path]:
    """The folder, empty and nobody else's while the block runs; it is gone after it.

    Raises:
        Conflict: somebody else has it, or it is not one of these.
    """
    lock = folder / LOCK
    if folder.exists() and not lock.is_file() and not (folder.is_dir() and not any(folder.iterdir())):
        raise _taken(folder)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with lock.open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise _busy(folder) from error
        if not lock.is_file() or not os.path.samestat(os.fstat(file.fileno()), lock.stat()):
            raise _busy(folder)  # whoever had it was done with it at this moment
        try:
            _clear(folder)
            yield folder
        finally:
            # Its lock last: without it the folder is nobody's.
            _clear(folder)
            lock.unlink()
            folder.rmdir()


def _clear(folder: Path) -> None:
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path.name != LOCK:
            path.unlink()


def _busy(folder: Path) -> Conflict:
    return Conflict(f"Another backup is being written into {folder}.")


def _taken(path: Path) -> Conflict:
    return Conflict(f"{path} is there already; name another, or delete it.")


def _sync(path: Path) -> None:
    """Has the file, or all that is in the folder, written to the disk."""
    inner = [Path(folder, name) for folder, folders, files in os.walk(path) for name in (*folders, *files)]
    for one in (*inner, path):
        _sync_one(one)


def _sync_one(path: Path) -> None:
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


@contextmanager
def read(source: Path) -> Iterator[Reader]:
    """Raises `NotFound` where there is no backup."""
    if source.is_dir():
        yield _FolderReader(source.resolve())
        return
    try:
        tar = tarfile.open(source, "r:")  # noqa: SIM115 - closed below
    except (OSError, tarfile.TarError) as error:
        raise _unreadable(source, error) from error
    try:
        with tar:
            yield _TarReader(tar)
    except tarfile.TarError as error:
        raise _unreadable(source, error) from error


def _unreadable(source: Path, error: Exception) -> NotFound:
    return NotFound(f"{source} is no backup that can be read: {error}.")


class _FolderWriter:
    def __init__(self, root: Path) -> None:
        self._root = root

    def add(self, name: str, file: IO[bytes]) -> None:
        path = self._root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as copy:
            shutil.copyfileobj(file, copy)


class _TarWriter:
    def __init__(self, tar: tarfile.TarFile) -> None:
        self._tar = tar

    def add(self, name: str, file: IO[bytes]) -> None:
        member = tarfile.TarInfo(name)
        stat = os.fstat(file.fileno())
        member.size, member.mtime, member.mode = stat.st_size, int(stat.st_mtime), 0o600
        self._tar.addfile(member, file)


class _FolderReader:
    def __init__(self, root: Path) -> None:
        self._root = root

    def open(self, name: str) -> IO[bytes]:
        path = (self._root / name).resolve()
        if not path.is_relative_to(self._root) or not path.is_file():
            raise NotFound(f"The backup has no file {name}.")
        return path.open("rb")


class _TarReader:
    def __init__(self, tar: tarfile.TarFile) -> None:
        self._tar = tar
        self._members = {member.name: member for member in tar.getmembers() if member.isfile()}

    def open(self, name: str) -> IO[bytes]:
        if name not in self._members:
            raise NotFound(f"The backup has no file {name}.")
        return cast("IO[bytes]", self._tar.extractfile(self._members[name]))
