"""Whether a file store is this ledger's: a sweep of another's files would take them all for nobody's."""

from sqlalchemy import select

from jobs.database import Database
from jobs.errors import NotFound, Unavailable
from jobs.files import CONSENTS, JOBS, VOICES, FileStore
from jobs.records import Records
from jobs.schema import consents, jobs, keys, voices
from jobs.shelves import folders

MARK = "ledger"
"""The file of the store that says whose it is: a key of the ledger, which is in no other and is never deleted."""

SAMPLE = 20

ADVICE = (
    "so nothing is swept. Look at VOXHALL_DATABASE_URL and VOXHALL_STORE_URL. Where both are right, "
    "`voxhall gc --adopt --dry-run` shows what would be deleted, and `voxhall gc --adopt` does it."
)


def check(database: Database, store: FileStore, *, before: float, act: bool) -> None:
    """Marks a store that has no mark, where `act`.

    Args:
        before: results of jobs that ended earlier must be there.

    Raises:
        Unavailable: it is another ledger's, or has none of this one's results; or one of the two does not answer.
    """
    mark = _mark(store)
    if mark is None:
        _look_for_rows(database, store)
    elif not _is_key(database, mark):
        raise Unavailable(f"The file store belongs to another ledger, {ADVICE}")
    _look_for_results(database, store, before)
    if mark is None and act:
        adopt(database, store)


def adopt(database: Database, store: FileStore) -> None:
    """From now on the store is this ledger's, whatever is in it. Raises `Unavailable`."""
    first = select(keys.c.id).order_by(keys.c.created_at, keys.c.id).limit(1)
    with database.read() as connection:
        own = connection.execute(first).scalar_one_or_none()
    if own:
        store.put(MARK, own.encode())


def _mark(store: FileStore) -> str | None:
    try:
        return store.get(MARK).decode(errors="replace").replace("\0", "")
    except NotFound:
        return None


def _is_key(database: Database, mark: str) -> bool:
    with database.read() as connection:
        return connection.execute(select(keys.c.id).where(keys.c.id == mark)).first() is not None


def _look_for_rows(database: Database, store: FileStore) -> None:
    """A new ledger, or the dump of another, knows few of the folders or none."""
    shelves = (JOBS, VOICES, CONSENTS)
    names = [piece.id for shelf in shelves for piece in folders(store, shelf, most=SAMPLE)]
    records = Records(database)
    known = set[str]().union(*(records.known(table, names) for table in (jobs, voices, consents)))
    if names and 2 * sum(name in known for name in names) <= len(names):
        raise Unavailable(f"The file store holds jobs, voices and consents that the ledger does not know, {ADVICE}")


def _look_for_results(database: Database, store: FileStore, before: float) -> None:
    kept = (jobs.c.state == "succeeded", jobs.c.expired_at.is_(None), jobs.c.finished_at < before)
    query = select(jobs.c.result).where(*kept).order_by(jobs.c.finished_at.desc()).limit(SAMPLE)
    with database.read() as connection:
        results = connection.execute(query).scalars().all()
    named = [str(result["file"]) for result in results if result and "file" in result]
    if named and not any(store.has(key) for key in named):
        raise Unavailable(f"The file store has none of the ledger's newest results, {ADVICE}")
