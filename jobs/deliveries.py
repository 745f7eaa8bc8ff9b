"""Announcements of what has ended, and every attempt to deliver them. Rows only; `outbound` sends.

An announcement is added in the transaction that ends its job, so that each end has exactly one. A delivery is `waiting`
until it is due, `sending` while somebody holds its lease, and `delivered`, `failed` (given up) or `disabled` at last.
"""

import logging
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from pydantic import ValidationError
from sqlalchemy import ColumnElement, Connection, Row, Select, and_, case, func, insert, select, update

from jobs import webhook_accounts
from jobs.database import Database, after, current_time, one_at_a_time
from jobs.errors import Conflict, LeaseLost, NotFound
from jobs.queue import wake_deliveries
from jobs.schema import deliveries, delivery_attempts, jobs
from jobs.settings import LONGEST_LEASE
from jobs.webhooks import Form, Webhook

Event = Literal["started", "completed", "failed", "canceled"]
State = Literal["waiting", "sending", "delivered", "failed", "disabled"]

WAITS = (0, 60, 120, 300, 600, 1_800, 3_600, 10_800, 21_600, 43_200)
"""Seconds before each attempt, as deAPI documents them. After the last a delivery is given up."""

MOST_AT_ONCE = 4
"""Of one key. Its receiver may take its whole time for each, and others' must not wait for that."""

FORMS: dict[str, Form] = {"deapi": "deapi", "ttsai": "ttsai", "hamsa": "hamsa"}
"""Of a dialect's jobs, where a key's own URL announces them; others are told as Standard Webhooks."""

CLAIM_LOCK = 0x766F7868616C6D
TELL_STARTS: frozenset[Form] = frozenset({"deapi"})
NO_SUCH = "There is no such delivery."

UNASKED = frozenset({"embedding"})
"""Kinds of jobs that the server makes itself."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Attempt:
    number: int
    """Counted from 1."""
    at: float
    seconds: float
    status: int | None
    """The receiver's HTTP status; None: it gave none, and `error` tells why."""
    error: str | None

    @property
    def arrived(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


@dataclass(frozen=True, slots=True)
class Delivery:
    id: str
    """The same over all attempts."""
    key_id: str
    job_id: str | None
    batch_id: str | None
    event: Event
    webhook: Webhook
    state: State
    attempts: int
    due_at: float
    lease: str | None
    created_at: float
    finished_at: float | None
    history: tuple[Attempt, ...] = ()
    """Filled in by `of_job` and `page` alone."""


@dataclass(frozen=True, slots=True)
class DeliveryPage:
    deliveries: tuple[Delivery, ...]
    total: int


def announce(connection: Connection, job: Row[Any]) -> None:
    """Announces the end of a job, in the transaction that ends it. `job` is its whole row, as it is now.

    Its own webhook is told, else the key's, which hears of no job that its caller waited for, and of a batch's jobs
    all together.
    """
    _announce_job(connection, job, {"succeeded": "completed"}.get(job.state, job.state))


def announce_start(connection: Connection, job: Row[Any]) -> None:
    """Announces that a job has begun, to those whose form has a word for it."""
    if _form_of(job) in TELL_STARTS:
        _announce_job(connection, job, "started")


def announce_batch(connection: Connection, batch: Row[Any]) -> None:
    """Announces that every job of a batch has ended, in the transaction that sets its `finished_at`.

    `batch` is its whole row. Its own webhook is told, else the key's.
    """
    account = webhook_accounts.of(connection, batch.key_id)
    if webhook := batch.webhook or _shared(account, batch.dialect):
        _add(connection, batch.key_id, "completed", webhook, account, batch_id=batch.id)


def _announce_job(connection: Connection, job: Row[Any], event: str) -> None:
    account = webhook_accounts.of(connection, job.key_id)
    heard = not (job.interactive or job.batch_id or job.kind in UNASKED)
    if webhook := job.webhook or (_shared(account, job.dialect) if heard else None):
        _add(connection, job.key_id, event, webhook, account, job_id=job.id)


def _form_of(job: Row[Any]) -> Form:
    return job.webhook["form"] if job.webhook else FORMS.get(job.dialect, "standard")


def _shared(account: Row[Any] | None, dialect: str) -> dict[str, Any] | None:
    if account is None or not account.url:
        return None
    form = FORMS.get(dialect, "standard")
    return Webhook(form=form, url=account.url, base_url=account.base_url).model_dump()


def _add(
    connection: Connection,
    key_id: str,
    event: str,
    webhook: dict[str, Any],
    account: Row[Any] | None,
    **announced: str,
) -> None:
    off = _is_off(account)
    now = current_time(connection)
    row: dict[str, Any] = {"id": uuid.uuid4().hex, "key_id": key_id, "event": event, "webhook": webhook, **announced}
    row |= {"state": "disabled" if off else "waiting", "finished_at": now if off else None}
    connection.execute(insert(deliveries).values(**row, attempts=0, due_at=now + WAITS[0], created_at=now))
    if not off:
        after(connection, wake_deliveries)


class Deliveries:
    def __init__(self, database: Database, *, clock: Callable[[], float] | None = None) -> None:
        self._database = database
        self._clock = clock or database.now

    # What callers do.

    def of_job(self, job_id: str) -> tuple[Delivery, ...]:
        """Those of a job with their history, oldest first."""
        return self._with_history(select(deliveries).where(deliveries.c.job_id == job_id), newest=False)

    def page(self, *, key_id: str, state: State | None = None, number: int = 1, size: int = 20) -> DeliveryPage:
        """The key's, of jobs and of batches, newest first. `number` counts from 1."""
        mine = [deliveries.c.key_id == key_id] + ([deliveries.c.state == state] if state else [])
        with self._database.read() as connection:
            total = connection.execute(select(func.count()).select_from(deliveries).where(*mine)).scalar_one()
        query = select(deliveries).where(*mine).limit(size).offset((number - 1) * size)
        return DeliveryPage(self._with_history(query, newest=True), total)

    def get(self, delivery_id: str, *, key_id: str) -> Delivery:
        """One with its history. Raises `NotFound`, also where it is another key's."""
        if "\0" in delivery_id:
            # PostgreSQL refuses even to compare it.
            raise NotFound(NO_SUCH)
        mine = and_(deliveries.c.id == delivery_id, deliveries.c.key_id == key_id)
        found = self._with_history(select(deliveries).where(mine), newest=True)
        if not found:
            raise NotFound(NO_SUCH)
        return found[0]

    def redeliver(self, delivery_id: str, *, key_id: str) -> None:
        """Sends it once more, now. Of its ten attempts those that are left follow, should it not arrive.

        Raises:
            NotFound: no such delivery of this key.
            Conflict: it is being sent at this moment, or the key's webhooks are switched off.
        """
        now = self._clock()
        mine = and_(deliveries.c.id == delivery_id, deliveries.c.key_id == key_id)
        with self._database.write() as connection:
            row = connection.execute(select(deliveries.c.state).where(mine).with_for_update()).one_or_none()
            if row is None:
                raise NotFound(NO_SUCH)
            if row.state == "sending":
                raise Conflict("It is being sent at this moment.")
            if _is_off(webhook_accounts.of(connection, key_id)):
                raise Conflict("The key's webhooks are switched off; `POST /webhooks/enable` switches them on.")
            connection.execute(update(deliveries).where(mine).values(state="waiting", due_at=now, finished_at=None))
            after(connection, wake_deliveries)

    def _with_history(self, query: Select[Any], *, newest: bool) -> tuple[Delivery, ...]:
        first = deliveries.c.created_at.desc() if newest else deliveries.c.created_at
        with self._database.read() as connection:
            found = [_delivery(row) for row in connection.execute(query.order_by(first, deliveries.c.id))]
            tried = _tried(connection, [delivery.id for delivery in found])
        return tuple(replace(delivery, history=tuple(tried.get(delivery.id, ()))) for delivery in found)

    # What the sender does.

    def claim(self, *, lease_seconds: float) -> Delivery | None:
        """Leases one that is due: of the key with the fewest on their way, the oldest.

        On its way it ends those whose key's webhooks are switched off, and those that another version wrote.
        """
        while (row := self._lease(lease_seconds)) is not None:
            if row.state == "disabled":
                continue
            try:
                return _delivery(row)
            except ValidationError:
                log.error("a delivery cannot be read", extra={"delivery": row.id})  # noqa: TRY400 - it holds secrets
                self._give_up(row)
        return None

    def _lease(self, seconds: float) -> Row[Any] | None:
        """The next one, as it is now: `sending`, or `disabled`. None: nothing is due."""
        now = self._clock()
        with self._database.write() as connection:
            # Else several would count the same ones on their way, and all take one more.
            one_at_a_time(connection, CLAIM_LOCK)
            row = connection.execute(_next(now)).one_or_none()
            if row is None:
                return None
            held = {"state": "sending", "lease": uuid.uuid4().hex, "lease_expires_at": now + seconds}
            off = _is_off(webhook_accounts.of(connection, row.key_id))
            values = {"state": "disabled", "finished_at": now} if off else held
            change = update(deliveries).where(deliveries.c.id == row.id).values(**values)
            return connection.execute(change.returning(deliveries)).one()

    def _give_up(self, row: Row[Any]) -> None:
        held = and_(deliveries.c.id == row.id, deliveries.c.lease == row.lease)
        with self._database.write() as connection:
            over = {"state": "failed", "finished_at": self._clock(), "lease": None}
            connection.execute(update(deliveries).where(held).values(**over))

    def record(self, delivery: Delivery, attempt: Attempt) -> State:
        """Writes down how the attempt went, and when the next one is.

        Raises:
            LeaseLost: somebody else has taken it, or it was deleted.
        """
        held = and_(deliveries.c.id == delivery.id, deliveries.c.lease == delivery.lease)
        values = self._after(attempt)
        with self._database.write() as connection:
            change = update(deliveries).where(held, deliveries.c.state == "sending")
            if not connection.execute(change.values(attempts=attempt.number, lease=None, **values)).rowcount:
                raise LeaseLost
            connection.execute(insert(delivery_attempts).values(delivery_id=delivery.id, **_columns(attempt)))
            if attempt.arrived:
                webhook_accounts.succeeded(connection, delivery.key_id)
            elif attempt.number == len(WAITS):
                webhook_accounts.given_up(connection, delivery.key_id)
        state: State = values["state"]
        return state

    def trace_of(self, delivery: Delivery) -> str | None:
        """The `traceparent` of the job that it announces; None where that has none, or it announces a batch."""
        query = select(jobs.c.trace).where(jobs.c.id == delivery.job_id)
        with self._database.read() as connection:
            return connection.execute(query).scalar_one_or_none()

    def _after(self, attempt: Attempt) -> dict[str, Any]:
        now = self._clock()
        if attempt.arrived:
            return {"state": "delivered", "finished_at": now}
        if attempt.number < len(WAITS):
            return {"state": "waiting", "due_at": now + WAITS[attempt.number]}
        return {"state": "failed", "finished_at": now}

    # What the reaper does.

    def recover(self) -> int:
        """Takes back those whose sender died. They are sent again at once, under the same id.

        And those that are due later than their next attempt ever is, because the clock was set back since: they are
        due now.
        """
        now = self._clock()
        lapsed = ~deliveries.c.lease_expires_at.between(now, now + LONGEST_LEASE)
        expired = and_(deliveries.c.state == "sending", lapsed)
        wait = case(dict(enumerate(WAITS)), value=deliveries.c.attempts, else_=0)
        ahead = and_(deliveries.c.state == "waiting", deliveries.c.due_at > now + wait + LONGEST_LEASE)
        with self._database.write() as connection:
            connection.execute(update(deliveries).where(ahead).values(due_at=now))
            return connection.execute(update(deliveries).where(expired).values(state="waiting", lease=None)).rowcount

    def due(self) -> int:
        """How many could be sent now."""
        query = select(func.count()).select_from(deliveries).where(_due(self._clock()))
        with self._database.read() as connection:
            return int(connection.execute(query).scalar_one())


def _due(now: float) -> ColumnElement[bool]:
    return and_(deliveries.c.state == "waiting", deliveries.c.due_at <= now)


def _next(now: float) -> Select[Any]:
    other = deliveries.alias()
    on_their_way = (
        select(func.count())
        .where(other.c.state == "sending", other.c.key_id == deliveries.c.key_id)
        .correlate(deliveries)
        .scalar_subquery()
    )
    return (
        select(deliveries)
        .where(_due(now), on_their_way < MOST_AT_ONCE)
        .order_by(on_their_way, deliveries.c.due_at)
        .limit(1)
        .with_for_update(skip_locked=True, of=deliveries)
    )


def _is_off(account: Row[Any] | None) -> bool:
    return account is not None and account.disabled_at is not None


def _tried(connection: Connection, ids: Sequence[str]) -> dict[str, list[Attempt]]:
    query = select(delivery_attempts).where(delivery_attempts.c.delivery_id.in_(ids))
    tried: dict[str, list[Attempt]] = {}
    for row in connection.execute(query.order_by(delivery_attempts.c.number)):
        attempt = Attempt(row.number, row.at, row.seconds, row.status, row.error)
        tried.setdefault(row.delivery_id, []).append(attempt)
    return tried


def _columns(attempt: Attempt) -> dict[str, Any]:
    names = ("number", "at", "seconds", "status", "error")
    return {name: getattr(attempt, name) for name in names}


def _delivery(row: Row[Any]) -> Delivery:
    values = {name: value for name, value in row._asdict().items() if name != "lease_expires_at"}
    return Delivery(**values | {"webhook": Webhook.model_validate(row.webhook)})
