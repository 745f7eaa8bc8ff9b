"""The file store as folders, one for each id, in the order of their ids: a sweep walks through them piece by piece."""

import os
import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby, islice
from pathlib import Path

from jobs.errors import Unavailable
from jobs.files import FileStore

STAGED = re.compile(r"#\d+$")
"""How the local store names a file until it is whole. No listing of its own shows these."""

CLOCK = "clock/"


@dataclass(frozen=True, slots=True)
class File:
    key: str
    bytes: int
    changed_at: float
    """Seconds since the epoch, by the store's clock."""

    @property
    def staged(self) -> bool:
        """Whether it is what a process that was killed left of a write."""
        return STAGED.search(self.key) is not None


@dataclass(frozen=True, slots=True)
class Folder:
    id: str
    files: tuple[File, ...]

    @property
    def changed_at(self) -> float:
        return max(file.changed_at for file in self.files)


def folders(store: FileStore, shelf: str, *, after: str = "", most: int) -> list[Folder]:
    """The first `most` folders of a shelf (`jobs/`) whose ids come after `after`, with all files of each.

    Raises:
        Unavailable
    """
    found = _local(store.root, shelf, after) if store.root else _remote(store, shelf, after)
    return list(islice(found, most))


def folder(store: FileStore, shelf: str, name: str) -> Folder:
    """One of them, empty where there is none. Raises `Unavailable`."""
    if store.root:
        return Folder(name, tuple(_files(store.root, store.root / shelf / name)))
    return Folder(name, tuple(File(*meta) for meta in store.walk(f"{shelf}{name}/")))


def remove(store: FileStore, file: File) -> None:
    """Deletes it; it is fine if there is none. Raises `Unavailable`."""
    try:
        if file.staged and store.root:
            (store.root / file.key).unlink(missing_ok=True)  # the store takes such a name for another
        else:
            store.remove(file.key)
    except (OSError, TypeError) as error:  # or somebody put it there under a name that the store takes for none
        raise Unavailable(f"The file store does not answer: {type(error).__name__}.") from error


def now(store: FileStore) -> float:
    """Seconds since the epoch, by the clock that its files have their times of. Raises `Unavailable`."""
    for _ in range(3):  # another box may remove it in between, which asks at the same moment
        store.put(f"{CLOCK}now", b"?")
        times = [changed_at for _, _, changed_at in store.walk(CLOCK)]
        store.delete(CLOCK)
        if times:
            return max(times)
    raise Unavailable("The file store does not say what time it is.")


def _remote(store: FileStore, shelf: str, after: str) -> Iterator[Folder]:
    # `0` comes right behind `/`: whatever lies in that folder is behind us.
    listed = store.walk(shelf, after=f"{shelf}{after}0" if after else None)
    for name, metas in groupby(listed, key=lambda meta: meta[0].removeprefix(shelf).partition("/")[0]):
        yield Folder(name, tuple(File(*meta) for meta in metas))


def _local(root: Path, shelf: str, after: str) -> Iterator[Folder]:
    try:
        names = sorted(path.name for path in (root / shelf).iterdir() if path.name.isascii())
    except FileNotFoundError:
        return
    except OSError as error:
        raise Unavailable(f"The file store does not answer: {type(error).__name__}.") from error
    for name in names[bisect_right(names, after) :]:
        if found := tuple(_files(root, root / shelf / name)):
            yield Folder(name, found)


def _files(root: Path, path: Path) -> Iterator[File]:
    """Whatever is deleted meanwhile is not there."""
    for folder, _, names in os.walk(path):
        for name in sorted(names):
            file = Path(folder, name)
            try:
                stat = file.stat()
            except OSError:  # or it is out of our reach, and so of a sweep's
                continue
            yield File(file.relative_to(root).as_posix(), stat.st_size, stat.st_mtime)
