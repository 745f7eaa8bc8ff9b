"""How many unfinished jobs a key may have, and all keys together: what comes beyond that is refused, not heaped up.

Each key's row counts its own jobs, and whoever adds or ends one holds that row locked anyway. So nothing has to be
counted again, however many there are.
"""

from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from jobs.database import Database
from jobs.errors import QueueFull, TooManyJobs
from jobs.plans import Plan
from jobs.schema import jobs, keys
from jobs.settings import Settings

WAIT = 5
"""Seconds after which a caller with too many unfinished jobs may try again."""

WAIT_FOR_OTHERS = 30
"""Likewise where all keys together have too many."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """Of unfinished jobs, the one at hand among them; None: no bound."""

    of_plan: int | None = None
    """Of the key; a batch counts as one."""
    of_key: int | None = None
    """Of the key; each job of a batch counts."""
    of_all: int | None = None
    """Of all keys; each job of a batch counts. On PostgreSQL keys that submit at the same moment may overstep it by
    what each of them adds."""


NO_BOUNDS = Bounds()


def bounds_of(plan: Plan, settings: Settings) -> Bounds:
    """A plan's own bound may be larger than the setting that stands for plans without one."""
    of_key = max(settings.max_key_jobs, plan.unfinished_jobs or 0)
    return Bounds(plan.unfinished_jobs, of_key, settings.max_jobs)


def foresee(database: Database, bounds: Bounds, *, key_id: str) -> None:
    """Whether there is room for one more job at this moment, before its uploads are stored; the transaction decides.

    Raises:
        TooManyJobs, QueueFull
    """
    with database.read() as connection:
        mine = connection.execute(select(keys.c.unfinished).where(keys.c.id == key_id)).scalar_one_or_none()
        check(connection, bounds, key_id=key_id, unfinished=(mine or 0) + 1, batch_id=None, coming=1)


def check(
    connection: Connection, bounds: Bounds, *, key_id: str, unfinished: int, batch_id: str | None, coming: int = 0
) -> None:
    """For the transaction that adds a job, which holds the key locked and is not counted in the plan's bound yet.

    Args:
        unfinished: jobs of the key, this one among them.
        batch_id: of the batch that the job belongs to.
        coming: jobs that the keys' rows do not count yet.

    Raises:
        TooManyJobs, QueueFull
    """
    if bounds.of_key is not None and unfinished > bounds.of_key:
        raise _too_many(bounds.of_key)
    if bounds.of_plan is not None and _overstep(connection, bounds.of_plan, key_id, unfinished, batch_id):
        raise _too_many(bounds.of_plan)
    if bounds.of_all is not None:
        total = connection.execute(select(func.sum(keys.c.unfinished))).scalar_one()
        if total + coming > bounds.of_all:
            message = f"The server has {bounds.of_all} unfinished jobs, as many as it takes. Try again later."
            raise QueueFull(message, retry_after=WAIT_FOR_OTHERS)


def _too_many(most: int) -> TooManyJobs:
    message = f"This key may have {most} unfinished jobs. Wait until one has ended, or cancel one."
    return TooManyJobs(message, retry_after=WAIT)


def _overstep(connection: Connection, most: int, key_id: str, unfinished: int, batch_id: str | None) -> bool:
    """Whether the key has so many unfinished jobs, a batch as one, without this one and its batch."""
    if unfinished <= most:
        return False  # batches or not
    one = func.coalesce(jobs.c.batch_id, jobs.c.id)
    query = select(func.count(one.distinct())).where(jobs.c.key_id == key_id, jobs.c.state.in_(("queued", "running")))
    if batch_id is not None:
        query = query.where(one != batch_id)
    return int(connection.execute(query).scalar_one()) >= most
