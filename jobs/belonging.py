"""Whether a file store is this ledger's: a sweep of another's files would take them all for nobody's."""

from sqlalchemy import select

from jobs.database import Database
from jobs.errors import NotFound, Unavailable
from jobs.files import FileStore
from jobs.schema import jobs, keys

MARK = "ledger"
"""The file of the store that says whose it is: the ledger's first key, which is in no other and is never deleted."""

SAMPLE = 20


def check(database: Database, store: FileStore, *, before: float, act: bool) -> None:
    """Marks a store that has no mark, where `act`.

    Args:
        before: results of jobs that ended earlier must be there.

    Raises:
        Unavailable: it is another ledger's, or has none of this one's results; or one of the two does not answer.
    """
    with database.read() as connection:
        own = connection.execute(select(keys.c.id).order_by(keys.c.created_at, keys.c.id).limit(1)).scalar_one_or_none()
    try:
        found: str | None = store.get(MARK).decode()
    except NotFound:
        found = None
    if found is None:
        _look_for_results(database, store, before)
        if act and own:
            store.put(MARK, own.encode())
    elif found != own:
        raise Unavailable(
            f"The file store belongs to another ledger, so nothing is swept. Look at VOXHALL_DATABASE_URL and "
            f"VOXHALL_STORE_URL; where both are right, delete the file `{MARK}` of the store."
        )


def _look_for_results(database: Database, store: FileStore, before: float) -> None:
    kept = (jobs.c.state == "succeeded", jobs.c.expired_at.is_(None), jobs.c.finished_at < before)
    query = select(jobs.c.result).where(*kept).order_by(jobs.c.finished_at.desc()).limit(SAMPLE)
    with database.read() as connection:
        results = connection.execute(query).scalars().all()
    named = [str(result["file"]) for result in results if result and "file" in result]
    if named and not any(store.has(key) for key in named):
        raise Unavailable(
            "The file store has none of the ledger's newest results, so nothing is swept. Look at VOXHALL_STORE_URL; "
            f"where it is right, put `{MARK}` into the store: an id of `voxhall keys list --all`, the oldest one."
        )
