"""Where a caller's file cannot be read, and that is not the file's fault."""

from collections.abc import Iterator
from contextlib import contextmanager

from confinement.readers import ReaderGone
from jobs.errors import Unavailable


@contextmanager
def reading() -> Iterator[None]:
    """Around calls of `confinement.media`. Raises `Unavailable` where this machine starts no process for the file."""
    try:
        yield
    except ReaderGone as error:
        raise Unavailable("The server can read no audio file at the moment: try again in a minute.") from error
