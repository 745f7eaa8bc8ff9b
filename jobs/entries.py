"""How a job comes into the ledger with its steps: alone, or as one of a batch."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, insert

from jobs import tracing, usage
from jobs.admission import Bounds
from jobs.database import current_time
from jobs.schema import jobs, steps
from jobs.specs import AnySpec, check_texts
from jobs.webhooks import Webhook


@dataclass(frozen=True, slots=True)
class Place:
    """Where a job stands in its batch, counted from 0."""

    batch_id: str
    position: int


@dataclass(frozen=True, slots=True)
class Entry:
    """A job that is to be added; see `Ledger.add`."""

    job_id: str
    key_id: str
    dialect: str
    spec: AnySpec
    interactive: bool = False
    webhook: Webhook | None = None
    batch: Place | None = None
    credits_needed: int = 0


def enter(connection: Connection, entry: Entry, bounds: Bounds) -> None:
    """Adds a job with its steps, the first of them queued. For a transaction that adds one, or several.

    Raises:
        InvalidRequest, OutOfCredits: nothing is changed.
        TooManyJobs, QueueFull: the transaction has to be rolled back.
    """
    place, spec = entry.batch, entry.spec
    check_texts(spec)
    usage.charge(
        connection,
        key_id=entry.key_id,
        credits_needed=entry.credits_needed,
        bounds=bounds,
        batch_id=place.batch_id if place else None,
    )
    shared = {"interactive": entry.interactive, "key_id": entry.key_id, "created_at": current_time(connection)}
    job: dict[str, Any] = {
        "id": entry.job_id,
        "dialect": entry.dialect,
        "kind": spec.kind,
        "spec": spec.model_dump(),
        "state": "queued",
        "credits": entry.credits_needed,
        "webhook": entry.webhook.model_dump() if entry.webhook else None,
        "batch_id": place.batch_id if place else None,
        "batch_position": place.position if place else None,
        "trace": tracing.current(),
    }
    rows = [
        {"job_id": entry.job_id, "position": n, "queue": queue, "state": "waiting" if n else "queued"} | shared
        for n, queue in enumerate(spec.queues)
    ]
    connection.execute(insert(jobs).values(**job, **shared))
    connection.execute(insert(steps), rows)
