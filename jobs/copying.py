"""A ledger as one SQLite file, and back: of one moment, from and to both databases, while others work on it."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import Connection, func, insert, select, update
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DatabaseError

from jobs.database import Database, is_older, line, migrate, revision
from jobs.errors import LedgerUnavailable, Unavailable
from jobs.schema import deliveries, metadata, steps

ROWS = 1_000
"""Copied at once."""


def check_ledger(url: str) -> None:
    """Whether `copy_out` can copy the ledger at `url`.

    Raises:
        Unavailable: there is none, it is a newer Voxhall's, or it does not answer. Or it is an older one's, and in
            PostgreSQL: only an SQLite file is copied as it is.
    """
    try:
        found = revision(url)
    except (ArgumentError, DatabaseError) as error:
        raise Unavailable(f"The ledger cannot be opened: {line(getattr(error, 'orig', error))}.") from error
    if found is None:
        raise Unavailable("There is no ledger yet, so there is nothing to keep.")
    if is_older(found) and make_url(url).get_backend_name() != "sqlite":
        raise Unavailable(
            f"The ledger is revision {found}, older than this Voxhall. Take the backup with the version that wrote it, "
            "or run `voxhall migrate` first."
        )


def copy_out(url: str, path: Path) -> None:
    """Writes the ledger at `url` into the new file `path`.

    Raises:
        Unavailable: as `check_ledger`.
    """
    check_ledger(url)
    if make_url(url).get_backend_name() == "sqlite":
        _copy_sqlite(url, path)
        return
    migrate(f"sqlite:///{path}")
    with _snapshot(url) as source, _opened(f"sqlite:///{path}") as target:
        _copy(source, target)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")  # all in the one file


def copy_in(path: Path, url: str) -> None:
    """Fills the empty ledger at `url`, which is made where there is none, from a file of `copy_out` of any revision.

    Steps and announcements that were being worked on wait again: who held them is not there any more.

    Raises:
        Unavailable: `url` is not empty, or does not answer; or the file is a newer Voxhall's.
    """
    migrate(f"sqlite:///{path}")
    migrate(url)
    with _opened(f"sqlite:///{path}") as source, _opened(url) as target:
        _require_empty(target)
        _copy(source, target)
        target.execute(update(steps).where(steps.c.state == "running").values(state="queued", lease=None, worker=None))
        target.execute(update(deliveries).where(deliveries.c.state == "sending").values(state="waiting", lease=None))


def foresee(path: Path, url: str) -> None:
    """Whether `copy_in` can fill the ledger at `url` from this file, which is migrated. Raises as `copy_in`."""
    migrate(f"sqlite:///{path}")
    if make_url(url).get_backend_name() == "sqlite" and revision(url) is None:
        return  # to look would make it
    migrate(url)
    with _opened(url) as target:
        _require_empty(target)


def _require_empty(target: Connection) -> None:
    if any(target.execute(select(func.count()).select_from(table)).scalar_one() for table in metadata.sorted_tables):
        raise Unavailable("The ledger at VOXHALL_DATABASE_URL is not empty; a backup is restored into an empty one.")


def _copy_sqlite(url: str, path: Path) -> None:
    try:
        name = make_url(url).database or ""
        with closing(sqlite3.connect(name, timeout=30)) as source, closing(sqlite3.connect(path)) as target:
            source.backup(target)
            target.execute("PRAGMA journal_mode=DELETE")  # all in the one file
    except sqlite3.Error as error:
        raise LedgerUnavailable(f"The ledger cannot be copied: {error}.") from error


@contextmanager
def _snapshot(url: str) -> Iterator[Connection]:
    """All of it as it is at one moment, whatever is changed meanwhile."""
    database = Database(url)
    options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True, "stream_results": True}
    try:
        with database.engine.connect().execution_options(**options) as connection:
            yield connection
    except DatabaseError as error:
        raise LedgerUnavailable(f"The ledger cannot be copied: {line(error.orig)}.") from error
    finally:
        database.close()


@contextmanager
def _opened(url: str) -> Iterator[Connection]:
    database = Database(url)
    try:
        with database.write() as connection:
            yield connection
    finally:
        database.close()


def _copy(source: Connection, target: Connection) -> None:
    for table in metadata.sorted_tables:
        found = source.execute(select(table)).mappings()
        for rows in found.partitions(ROWS):
            target.execute(insert(table), [dict(row) for row in rows])
