"""What the ledger tells in numbers, for whoever watches the server."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, func, select

from jobs.database import Database, current_time
from jobs.schema import deliveries, ended_jobs, steps
from jobs.upsert import insert_into


@dataclass(frozen=True, slots=True)
class OpenSteps:
    """Steps of one queue that are all queued, or all running."""

    count: int
    oldest: float
    """Seconds since the oldest of their jobs was submitted, 0 or more."""


def note_end(connection: Connection, job: Row[Any]) -> None:
    """Counts a job that has ended, in the transaction that ends it. Its key must be locked by then."""
    one = {"key_id": job.key_id, "dialect": job.dialect, "kind": job.kind, "state": job.state}
    new = insert_into(connection, ended_jobs).values(**one, jobs=1)
    more = {"jobs": ended_jobs.c.jobs + 1}
    connection.execute(new.on_conflict_do_update(index_elements=[*one], set_=more))


def open_steps(database: Database) -> dict[tuple[str, str], OpenSteps]:
    """By queue and state (`queued`, `running`), where there are any. Raises `LedgerUnavailable`."""
    by = steps.c.queue, steps.c.state
    query = select(*by, func.count(), func.min(steps.c.created_at)).where(steps.c.state.in_(("queued", "running")))
    with database.read() as connection:
        now = current_time(connection)
        found = connection.execute(query.group_by(*by)).all()
    return {(queue, state): OpenSteps(count, max(0.0, now - oldest)) for queue, state, count, oldest in found}


def ended(database: Database) -> dict[tuple[str, str, str], int]:
    """How many jobs have ever ended, by kind, dialect and state. Raises `LedgerUnavailable`."""
    by = ended_jobs.c.kind, ended_jobs.c.dialect, ended_jobs.c.state
    with database.read() as connection:
        found = connection.execute(select(*by, func.sum(ended_jobs.c.jobs)).group_by(*by)).all()
    return {(kind, dialect, state): int(count) for kind, dialect, state, count in found}


def open_deliveries(database: Database) -> dict[str, int]:
    """How many announcements are `waiting` or `sending`, where there are any. Raises `LedgerUnavailable`."""
    state = deliveries.c.state
    query = select(state, func.count()).where(state.in_(("waiting", "sending"))).group_by(state)
    with database.read() as connection:
        return {row[0]: row[1] for row in connection.execute(query)}
