"""Temporary files: each process has a folder of its own for them, and holds its lock for as long as it lives.

What lies there are strangers' recordings. A process that is killed leaves them, so any other deletes what nobody holds.
"""

import fcntl
import logging
import os
import shutil
import tempfile
import time
from pathlib import Path

log = logging.getLogger(__name__)

LOCK = "lock"

STALE = 3600.0
"""Seconds after which what has no lock is nobody's: it died before it had one, or is of a Voxhall that took none."""


def enter(data_dir: Path, name: str) -> Path:
    """A new folder for the temporary files of this process, which is its own until it ends, in whatever way.

    Raises:
        OSError: it cannot be made, or its file system knows no locks.
    """
    folders = _folders(data_dir)
    folders.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=folders))
    locking = folder / "locking"
    held = os.open(locking, os.O_RDWR | os.O_CREAT, 0o600)  # never closed: the lock goes with the process
    fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    # It gets its name when it is locked already, so that nobody finds a living process's lock free.
    locking.rename(folder / LOCK)
    return folder


def sweep(data_dir: Path) -> None:
    """Deletes the temporary files of dead processes. Any process may, at any time."""
    folders = _folders(data_dir)
    for path in list(folders.iterdir()) if folders.is_dir() else ():
        try:
            _sweep(path)
        except FileNotFoundError:
            continue  # somebody else deletes it too
        except OSError as error:
            log.warning("temporary files are left", extra={"folder": path.name, "reason": error.strerror})


def _folders(data_dir: Path) -> Path:
    return data_dir.resolve() / "tmp"


def _sweep(path: Path) -> None:
    try:
        lock = os.open(path / LOCK, os.O_RDWR | os.O_NOFOLLOW)
    except (FileNotFoundError, NotADirectoryError):
        if path.lstat().st_mtime < time.time() - STALE:
            _delete(path)
        return
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _delete(path)
    except BlockingIOError:
        return  # its process lives
    finally:
        os.close(lock)


def _delete(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()
