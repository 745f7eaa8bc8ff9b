"""The ledger: every job and step, and the only queue that matters.

A job is an ordered list of steps. States are `queued → running → succeeded | failed | canceled`; a step whose
predecessor is not done is `waiting`. Each change is one compare-and-set, so a worker whose lease is gone
changes nothing. Transactions lock steps before jobs and jobs before their keys, several steps by their jobs' ids and
positions and several keys by theirs, everywhere, so that they cannot deadlock.
"""

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection, Row, Select, and_, delete, func, select, update

from jobs import batches, counts, deliveries, repeats, usage
from jobs.admission import NO_BOUNDS, Bounds
from jobs.database import Database, current_time
from jobs.entries import Entry, Place, enter
from jobs.errors import Conflict, Expired, LeaseLost, NotFound
from jobs.recovery import LONELY_DEATHS, put_back
from jobs.repeats import Once
from jobs.schema import jobs, steps
from jobs.settings import LONGEST_LEASE
from jobs.specs import SPEC, AnySpec, Queue
from jobs.webhooks import Webhook

State = Literal["queued", "running", "succeeded", "failed", "canceled"]
TERMINAL: frozenset[str] = frozenset({"succeeded", "failed", "canceled"})
FILES = frozenset({"file", "captions"})
"""What of a result names files."""


@dataclass(frozen=True, slots=True)
class Job:
    id: str
    key_id: str
    dialect: str
    kind: str
    spec: AnySpec
    state: State
    interactive: bool
    progress: float
    result: dict[str, Any] | None
    error_code: str | None
    error_message: str | None
    created_at: float
    started_at: float | None
    finished_at: float | None
    credits: int = 0
    """Characters that were charged; given back where it ends without a result."""
    webhook: Webhook | None = None
    batch_id: str | None = None
    batch_position: int | None = None
    trace: str | None = None
    """W3C `traceparent` of the request that made it; None: it is not traced."""
    expired_at: float | None = None
    """When its result files went, because their time was over, or were found missing. `result` names none since."""
    again: bool = False
    """Whether it was there already, of an earlier request with the same Idempotency-Key."""

    @property
    def done(self) -> bool:
        return self.state in TERMINAL

    @property
    def file(self) -> str:
        """The store key of its result. Only for a job that succeeded and had one. Raises `Expired`."""
        if self.expired_at is not None:
            raise Expired
        return str((self.result or {})["file"])

    @property
    def why(self) -> tuple[str, str]:
        """Code and sentence of what ended it without a result. Only for a job that has none."""
        if self.state == "canceled":
            return "canceled", "The job was cancelled."
        return self.error_code or "internal_error", self.error_message or "The job failed."


@dataclass(frozen=True, slots=True)
class Claim:
    """One worker's right to one step, until `renew` stops."""

    job_id: str
    position: int
    queue: Queue
    worker: str
    lease: str
    interactive: bool
    alone: bool
    first: bool = False
    """Whether the job has begun with it."""


@dataclass(frozen=True, slots=True)
class Page:
    jobs: tuple[Job, ...]
    total: int


class Ledger:
    def __init__(self, database: Database) -> None:
        self.database = database

    # What callers do.

    def add(
        self,
        *,
        job_id: str,
        key_id: str,
        dialect: str,
        spec: AnySpec,
        interactive: bool,
        webhook: Webhook | None = None,
        batch: Place | None = None,
        credits_needed: int = 0,
        bounds: Bounds = NO_BOUNDS,
        once: Once | None = None,
    ) -> Job:
        """Accepts a job with its steps; the first of them is queued.

        Args:
            credits_needed: what it is charged.
            bounds: how many unfinished jobs there may be.
            once: what the request is known by, where the same one may come again. Then it gets the first one's job.

        Raises:
            OutOfCredits, TooManyJobs, QueueFull
            KeyReused: the first request was another one.
            NotFound: the first one's job is forgotten, and only what it made is there.
            OutcomeUnknown: it may be in the ledger.
        """
        entry = Entry(job_id, key_id, dialect, spec, interactive, webhook, batch, credits_needed)
        with self.database.write() as connection:
            made = repeats.take(connection, once, job_id) if once else None
            if made is None:
                enter(connection, entry, bounds)
            # Before the commit: what is in the ledger by then must not be told as refused.
            row = _found(connection, select(jobs).where(jobs.c.id == (made or job_id)))
            return _job(row, again=made is not None)

    def get(self, job_id: str, *, key_id: str | None = None) -> Job:
        """Raises `NotFound`, also when the job is another key's: ids tell nothing to strangers."""
        if "\0" in job_id:
            # PostgreSQL refuses even to compare it.
            raise NotFound("There is no such job.")
        query = select(jobs).where(jobs.c.id == job_id)
        if key_id is not None:
            query = query.where(jobs.c.key_id == key_id)
        with self.database.read() as connection:
            return _job(_found(connection, query))

    def page(
        self,
        *,
        key_id: str,
        kind: str | Collection[str] | None = None,
        dialect: str | None = None,
        state: str | None = None,
        number: int = 1,
        size: int = 20,
    ) -> Page:
        """The key's jobs, of this kind or one of these, newest first. `number` counts from 1."""
        wanted = {"kind": kind, "dialect": dialect, "state": state}
        given = {c: [v] if isinstance(v, str) else v for c, v in wanted.items() if v is not None}
        where = and_(jobs.c.key_id == key_id, *(jobs.c[c].in_(v) for c, v in given.items()))
        listing = select(jobs).where(where).order_by(jobs.c.created_at.desc(), jobs.c.id)
        with self.database.read() as connection:
            total = connection.execute(select(func.count()).select_from(jobs).where(where)).scalar_one()
            rows = connection.execute(listing.limit(size).offset((number - 1) * size)).all()
        return Page(tuple(_job(row) for row in rows), total)

    def of_batch(self, batch_id: str) -> dict[int, Job]:
        """The jobs of a batch by their places in it; those that were refused or deleted are not there."""
        query = select(jobs).where(jobs.c.batch_id == batch_id)
        with self.database.read() as connection:
            return {row.batch_position: _job(row) for row in connection.execute(query).all()}

    def position(self, job_id: str) -> int | None:
        """How many steps will be claimed before this job's; 0 is next, None: it does not wait."""
        mine = select(steps).where(steps.c.job_id == job_id, steps.c.state == "queued")
        with self.database.read() as connection:
            row = connection.execute(mine).one_or_none()
            if row is None:
                return None
            older = and_(steps.c.interactive == row.interactive, steps.c.created_at < row.created_at)
            first = older if row.interactive else older | steps.c.interactive.is_(True)
            ahead = select(func.count()).where(steps.c.queue == row.queue, steps.c.state == "queued", first)
            return int(connection.execute(ahead).scalar_one())

    def cancel(self, job_id: str) -> Job:
        """Ends a job that is not over yet; its worker notices within a second.

        Raises:
            Conflict: the job has already ended.
        """
        with self.database.write() as connection:
            _lock_steps(connection, job_id)
            open_steps = and_(steps.c.job_id == job_id, steps.c.state.in_(("waiting", "queued", "running")))
            connection.execute(update(steps).where(open_steps).values(state="canceled", lease=None))
            if not _end_job(connection, job_id, state="canceled"):
                raise Conflict("The job has already ended.")
        return self.get(job_id)

    def delete(self, job_id: str) -> None:
        """Forgets the job. A worker that still runs it loses its lease."""
        with self.database.write() as connection:
            _lock_steps(connection, job_id)
            connection.execute(delete(steps).where(steps.c.job_id == job_id))
            _end_job(connection, job_id, state="canceled")
            gone = connection.execute(delete(jobs).where(jobs.c.id == job_id).returning(jobs.c.batch_id))
            batches.close(connection, gone.scalar_one_or_none())

    def delete_ended(self, job: Job) -> None:
        """Forgets a job that has ended; fine where it is gone, or another has its id by now."""
        same = and_(jobs.c.id == job.id, jobs.c.created_at == job.created_at, jobs.c.state.in_(TERMINAL))
        with self.database.write() as connection:
            _lock_steps(connection, job.id)
            connection.execute(delete(jobs).where(same))

    # What workers do.

    def claim(
        self, queue: Queue, worker: str, *, lease_seconds: float, background: bool = True, alone: bool = True
    ) -> Claim | None:
        """Leases the best queued step: interactive first, then the key with the least running, then the oldest.

        Args:
            background: whether steps that nobody waits for may be taken.
            alone: whether the worker is idle, so that it may take a step that must run alone. While such a step waits,
                busy workers take nothing, until one of them is idle; else it might wait for ever.
        """
        query = _best_step(queue)
        if not background:
            query = query.where(steps.c.interactive.is_(True) | steps.c.alone.is_(True))
        now = self.database.now()
        lease = uuid.uuid4().hex
        with self.database.write() as connection:
            row = connection.execute(query).one_or_none()
            if row is None or (row.alone and not alone):
                return None
            connection.execute(
                update(steps)
                .where(_is(row.job_id, row.position))
                .values(state="running", worker=worker, lease=lease, lease_expires_at=now + lease_seconds)
            )
            first = _begin_job(connection, row.job_id, now)
        return Claim(row.job_id, row.position, queue, worker, lease, row.interactive, row.alone, first)

    def renew(self, claims: Sequence[Claim], *, lease_seconds: float) -> list[Claim]:
        """Extends the leases; returns those that are lost."""
        expires = self.database.now() + lease_seconds
        with self.database.write() as connection:
            ordered = sorted(claims, key=lambda claim: (claim.job_id, claim.position))
            held = [update(steps).where(_held(claim)).values(lease_expires_at=expires) for claim in ordered]
            return [claim for claim, held in zip(ordered, held, strict=True) if not connection.execute(held).rowcount]

    def lost(self, claims: Sequence[Claim]) -> list[Claim]:
        """Those that somebody else has ended: cancelled, deleted, or taken back."""
        ours = and_(steps.c.job_id.in_([claim.job_id for claim in claims]), steps.c.state == "running")
        with self.database.read() as connection:
            held = set(connection.execute(select(steps.c.lease).where(ours)).scalars())
        return [claim for claim in claims if claim.lease not in held]

    def progress(self, claim: Claim, fraction: float) -> None:
        """Raises `LeaseLost`."""
        held = select(steps.c.job_id).where(_held(claim)).scalar_subquery()
        with self.database.write() as connection:
            _must(connection, update(jobs).where(jobs.c.id == held).values(progress=fraction))

    def finish(self, claim: Claim, result: dict[str, Any]) -> Queue | None:
        """Ends the step with success and, in the same transaction, queues the next one or ends the job.

        Returns:
            The next step's queue, to be woken; None where the job is over.

        Raises:
            LeaseLost
        """
        with self.database.write() as connection:
            _must(connection, update(steps).where(_held(claim)).values(state="succeeded", lease=None))
            following = _is(claim.job_id, claim.position + 1)
            query = update(steps).where(following, steps.c.state == "waiting").values(state="queued")
            queue = connection.execute(query.returning(steps.c.queue)).scalar_one_or_none()
            if queue is None:
                _end_job(connection, claim.job_id, state="succeeded", result=result, progress=1.0)
        return queue

    def fail(self, claim: Claim, code: str, message: str) -> None:
        """Raises `LeaseLost`."""
        with self.database.write() as connection:
            _must(connection, update(steps).where(_held(claim)).values(state="failed", lease=None))
            _end_job(connection, claim.job_id, state="failed", error_code=code, error_message=message)

    def release(self, claim: Claim, *, cleared: bool = False) -> None:
        """Gives the step back uncharged.

        Args:
            cleared: whether it need not run alone any more.
        """
        back = {"state": "queued", "lease": None, "worker": None} | ({"alone": False, "deaths": 0} if cleared else {})
        with self.database.write() as connection:
            connection.execute(update(steps).where(_held(claim)).values(**back))

    # What the reaper and the supervisor do.

    def recover(self, *, worker: str | None = None, crashed: bool = False) -> list[Queue]:
        """Takes steps back from a dead worker, or from all whose lease ran out.

        A step that already ran alone is charged a death, and fails after three.

        Args:
            crashed: whether the worker died by itself, so that one of its steps may be to blame: each goes back to run
                alone. Otherwise they do so after `STRANGE_DEATHS`.

        Returns:
            The queue of every step that was put back.
        """
        now = self.database.now()
        # No living worker's lease is further ahead. Where the clock was set back, a dead one's is.
        lapsed = ~steps.c.lease_expires_at.between(now, now + LONGEST_LEASE)
        gone = steps.c.worker == worker if worker else lapsed
        # Of one that hung the leases have run out before anybody knew why. Its steps still bear its name.
        states = ("running", "queued") if worker and crashed else ("running",)
        with self.database.write() as connection:
            held = select(steps).where(steps.c.state.in_(states), gone).order_by(steps.c.job_id, steps.c.position)
            taken = [(row, put_back(connection, row, crashed=crashed)) for row in connection.execute(held).all()]
            dead = [row for row, state in taken if state == "failed"]
            for row in sorted(dead, key=lambda row: (row.key_id, row.job_id)):
                message = f"The worker died {LONELY_DEATHS} times while it ran only this job."
                _end_job(connection, row.job_id, state="failed", error_code="worker_died", error_message=message)
            return [row.queue for row, state in taken if state == "queued"]

    def waiting(self) -> dict[str, int]:
        """Number of queued steps by queue."""
        query = select(steps.c.queue, func.count()).where(steps.c.state == "queued").group_by(steps.c.queue)
        with self.database.read() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}


def _found(connection: Connection, query: Select[Any]) -> Row[Any]:
    row = connection.execute(query).one_or_none()
    if row is None:
        raise NotFound("There is no such job.")
    return row


def _job(row: Row[Any], *, again: bool = False) -> Job:
    webhook = Webhook.model_validate(row.webhook) if row.webhook else None
    read = {"spec": SPEC.validate_python(row.spec), "webhook": webhook, "result": _result(row), "again": again}
    return Job(**{**row._asdict(), **read})


def _result(row: Row[Any]) -> dict[str, Any] | None:
    """Without the names of files that are gone, so that nobody makes links to them."""
    found: dict[str, Any] | None = row.result
    if found is None or row.expired_at is None:
        return found
    return {name: value for name, value in found.items() if name not in FILES}


def _is(job_id: str, position: int) -> Any:
    return and_(steps.c.job_id == job_id, steps.c.position == position)


def _lock_steps(connection: Connection, job_id: str) -> None:
    """One statement for all of them would lock them in whatever order they lie in."""
    mine = select(steps.c.position).where(steps.c.job_id == job_id).order_by(steps.c.position)
    connection.execute(mine.with_for_update())


def _open(job_id: str) -> Any:
    return and_(jobs.c.id == job_id, jobs.c.state.in_(("queued", "running")))


def _held(claim: Claim) -> Any:
    return and_(_is(claim.job_id, claim.position), steps.c.state == "running", steps.c.lease == claim.lease)


def _must(connection: Connection, change: Any) -> None:
    if not connection.execute(change).rowcount:
        raise LeaseLost


def _best_step(queue: Queue) -> Select[Any]:
    other = steps.alias()
    running = (
        select(other.c.key_id, func.count().label("steps"))
        .where(other.c.queue == queue, other.c.state == "running")
        .group_by(other.c.key_id)
        .subquery()
    )
    busy = func.coalesce(running.c.steps, 0)
    return (
        select(steps)
        .outerjoin(running, running.c.key_id == steps.c.key_id)
        .where(steps.c.queue == queue, steps.c.state == "queued")
        .order_by(steps.c.alone.desc(), steps.c.interactive.desc(), busy, steps.c.created_at)
        .limit(1)
        .with_for_update(skip_locked=True, of=steps)
    )


def _begin_job(connection: Connection, job_id: str, now: float) -> bool:
    """With its first claim; later ones find it running, and get False."""
    change = update(jobs).where(jobs.c.id == job_id, jobs.c.state == "queued").values(state="running", started_at=now)
    row = connection.execute(change.returning(jobs)).one_or_none()
    if row is not None:
        deliveries.announce_start(connection, row)
    return row is not None


def _end_job(connection: Connection, job_id: str, **values: Any) -> bool:
    """Whether the job was still open. Every end of a job comes through here, in the transaction that ends it."""
    change = update(jobs).where(_open(job_id)).values(finished_at=current_time(connection), **values)
    row = connection.execute(change.returning(jobs)).one_or_none()
    if row is None:
        return False
    usage.ended(connection, row)  # first, for it locks the key
    counts.note_end(connection, row)
    deliveries.announce(connection, row)
    batches.close(connection, row.batch_id)
    return True
