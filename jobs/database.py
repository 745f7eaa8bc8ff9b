"""Connections to the ledger's database, SQLite or PostgreSQL, and its migrations."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import alembic.command
import alembic.config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, create_engine, event, func, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from jobs.errors import LedgerUnavailable, OutcomeUnknown, Unavailable

log = logging.getLogger(__name__)

MIGRATIONS = Path(__file__).parent / "migrations"
MIGRATION_LOCK = 0x766F7868616C6C
"""Any number, the same for all boxes."""


NEWER = "The ledger belongs to a newer Voxhall; start that version instead ({})."

_AFTERWARDS = "voxhall.afterwards"


class Database:
    """One pool of connections. `read()` takes no lock; `write()` is one transaction."""

    def __init__(self, url: str) -> None:
        self.engine = _engine(url)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Raises `LedgerUnavailable`."""
        with _answering(), self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Raises `LedgerUnavailable` where the database cannot take the change (disk full, locked for too long).

        Where that comes of the commit itself, it is `OutcomeUnknown`.
        """
        calls: list[Callable[[], None]] = []
        committing = False
        try:
            with _answering(), self.engine.begin() as connection:
                connection.info[_AFTERWARDS] = calls
                yield connection
                committing = True
        except LedgerUnavailable as error:
            raise (OutcomeUnknown(error.message) if committing else error) from error
        for call in calls:
            call()

    def now(self) -> float:
        """Seconds since 1970, by the clock that all boxes share: the database's. Leases are kept by no other.

        Raises `LedgerUnavailable`.
        """
        with self.read() as connection:
            return current_time(connection)

    def close(self) -> None:
        self.engine.dispose()


def after(connection: Connection, call: Callable[[], None]) -> None:
    """Calls it once, when the transaction of `Database.write` is committed, and not at all where it is rolled back."""
    calls: list[Callable[[], None]] = connection.info[_AFTERWARDS]
    if call not in calls:
        calls.append(call)


def current_time(connection: Connection) -> float:
    """As `Database.now`, inside a transaction."""
    if connection.dialect.name != "postgresql":
        return time.time()  # SQLite has but one box
    return float(connection.execute(select(func.extract("epoch", func.clock_timestamp()))).scalar_one())


def one_at_a_time(connection: Connection, lock: int) -> None:
    """Waits until no other transaction has this lock, and holds it until its own is over.

    Args:
        lock: any number, the same for all that exclude each other.
    """
    if connection.dialect.name == "postgresql":  # SQLite has one writer at a time anyway
        connection.execute(select(func.pg_advisory_xact_lock(lock)))


@contextmanager
def _answering() -> Iterator[None]:
    try:
        yield
    except (OperationalError, PoolTimeout) as error:
        log.warning("the ledger does not answer", extra={"reason": str(error.args[0])[:200] if error.args else ""})
        raise LedgerUnavailable("The ledger does not answer; try again soon.") from error


def migrate(url: str, *, to: str = "head") -> None:
    """Brings the ledger at `url` to the newest revision, or to an older one of a new ledger.

    Raises:
        Unavailable: the ledger was written by a newer Voxhall, or cannot be opened.
    """
    config = _migrations()
    try:
        engine = _engine(url)
    except ArgumentError as error:
        raise Unavailable(f"VOXHALL_DATABASE_URL is no address of a database: {error}.") from error
    try:
        with engine.begin() as connection:
            # Of processes that start at once, one migrates and the others wait.
            one_at_a_time(connection, MIGRATION_LOCK)
            config.attributes["connection"] = connection
            alembic.command.upgrade(config, to)
    except CommandError as error:
        raise Unavailable(NEWER.format(line(error))) from error
    except DatabaseError as error:
        raise Unavailable(f"The ledger cannot be opened: {line(error.orig)}.") from error
    finally:
        engine.dispose()


def require_current(url: str) -> None:
    """Whether this Voxhall may work on the ledger at `url`, which others may be working on. Changes nothing.

    Raises:
        Unavailable: it is of another revision. One that does not answer is no reason: it may yet.
    """
    try:
        found = revision(url)
    except LedgerUnavailable:
        return
    if found is None or is_older(found):
        older = f"revision {found}" if found else "an empty database"
        raise Unavailable(f"The ledger is {older}, older than this Voxhall; run `voxhall migrate` first.")


def is_older(found: str) -> bool:
    """Whether a ledger of this revision has to be migrated. Raises `Unavailable` where a newer Voxhall wrote it."""
    scripts = ScriptDirectory.from_config(_migrations())
    if found == scripts.get_current_head():
        return False
    if all(found != script.revision for script in scripts.walk_revisions()):
        raise Unavailable(NEWER.format(f"its revision is {found}"))
    return True


def revision(url: str) -> str | None:
    """Of the ledger at `url`; None: there is none yet. Raises `LedgerUnavailable`."""
    file = make_url(url).database if url.startswith("sqlite") else None
    if file and not Path(file).exists():
        return None  # to connect would make it
    engine = _engine(url)
    try:
        with _answering(), engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            return MigrationContext.configure(connection).get_current_revision()
    finally:
        engine.dispose()


def _migrations() -> alembic.config.Config:
    config = alembic.config.Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return config


def line(error: object) -> str:
    """PostgreSQL's reasons have several lines."""
    return " ".join(str(error).split())


def _engine(url: str) -> Engine:
    # Parameters hold callers' texts, which no error message may quote.
    # The last one back is the next one out: what a connection holds in memory is held by few of them.
    shared: dict[str, Any] = {"pool_size": 10, "max_overflow": 40, "pool_use_lifo": True, "hide_parameters": True}
    if make_url(url).get_backend_name() != "sqlite":
        return create_engine(url, pool_pre_ping=True, **shared)
    engine = create_engine(url, connect_args={"timeout": 30}, **shared)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_immediate)
    return engine


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None
    # A connection would hold 2 MB of the file for itself, where the system's cache has all of it once.
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "cache_size=-512"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_immediate(connection: Connection) -> None:
    if connection.get_execution_options().get("isolation_level") == "AUTOCOMMIT":
        return  # a read takes no lock
    # A transaction that reads first and writes later would meet SQLITE_BUSY without any waiting.
    connection.exec_driver_sql("BEGIN IMMEDIATE")
