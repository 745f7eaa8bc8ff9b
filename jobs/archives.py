"""A backup's own files: a folder, or one uncompressed tar. Either has another name until it is whole."""

import os
import shutil
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Protocol, cast

from jobs.errors import Conflict, InvalidRequest, NotFound

PARTIAL = ".partial"


class Writer(Protocol):
    def add(self, name: str, file: IO[bytes]) -> None: ...


class Reader(Protocol):
    def open(self, name: str) -> IO[bytes]:
        """Raises `NotFound`."""


@contextmanager
def written(target: Path) -> Iterator[Writer]:
    """What is added in the block is at `target` after it, all or nothing.

    Raises:
        Conflict: there is something already, or a backup that was broken off.
        InvalidRequest: the name has an ending that is not `.tar`.
    """
    partial = target.with_name(target.name + PARTIAL)
    if target.suffix not in {"", ".tar"}:
        raise InvalidRequest(f"{target} is to be a folder or a .tar file.")
    for path in (target, partial):
        if path.exists():
            raise Conflict(f"{path} is there already; name another, or delete it.")
    partial.parent.mkdir(parents=True, exist_ok=True)
    try:
        if target.suffix:
            with tarfile.open(partial, "w") as tar:
                yield _TarWriter(tar)
        else:
            partial.mkdir()
            yield _FolderWriter(partial)
    except BaseException:
        shutil.rmtree(partial) if partial.is_dir() else partial.unlink(missing_ok=True)
        raise
    partial.rename(target)


@contextmanager
def read(source: Path) -> Iterator[Reader]:
    """Raises `NotFound` where there is no backup."""
    if source.is_dir():
        yield _FolderReader(source.resolve())
        return
    try:
        with tarfile.open(source, "r:") as tar:
            yield _TarReader(tar)
    except (OSError, tarfile.TarError) as error:
        raise NotFound(f"{source} is no backup that can be read: {error}.") from error


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
