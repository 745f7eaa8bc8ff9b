"""Jobs that one request asked for together, and the moment when the last of them has ended."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from jobs.database import Database
from jobs.deliveries import announce_batch
from jobs.errors import NotFound
from jobs.schema import batches, jobs
from jobs.webhooks import Webhook


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why one of a batch was not taken, as an error of its request would say it."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Batch:
    id: str
    key_id: str
    dialect: str
    total: int
    refused: dict[int, Refusal]
    """By place, counted from 0."""
    webhook: Webhook | None
    created_at: float
    finished_at: float | None


class Batches:
    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, batch_id: str, *, key_id: str | None = None) -> Batch:
        """Raises `NotFound`, also when the batch is another key's."""
        query = select(batches).where(batches.c.id == batch_id)
        if key_id is not None:
            query = query.where(batches.c.key_id == key_id)
        if "\0" in batch_id:
            # PostgreSQL refuses even to compare it.
            raise NotFound("There is no such batch.")
        with self._database.read() as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            raise NotFound("There is no such batch.")
        return _batch(row)


def begin(
    connection: Connection, batch_id: str, *, key_id: str, dialect: str, total: int, webhook: Webhook | None = None
) -> None:
    """A new batch of `total`, taken or refused. It ends only after `seal`, which the same transaction calls."""
    row = {"id": batch_id, "key_id": key_id, "dialect": dialect, "total": total, "created_at": time.time()}
    connection.execute(insert(batches).values(**row, webhook=webhook.model_dump() if webhook else None))


def seal(connection: Connection, batch_id: str, refused: Mapping[int, Refusal]) -> None:
    """All that was taken of the batch is in the ledger. It is over at once where nothing was, or all has ended."""
    told = {str(place): [why.code, why.message] for place, why in refused.items()}
    connection.execute(update(batches).where(batches.c.id == batch_id).values(refused=told))
    close(connection, batch_id)


def close(connection: Connection, batch_id: str | None) -> None:
    """Ends the batch where no job of it is open any more. For the transaction that ends or deletes a job.

    Of two jobs that end at the same moment the second waits for the batch's row, and then sees that the first ended.
    """
    if batch_id is None:
        return
    waiting = select(batches).where(batches.c.id == batch_id, batches.c.finished_at.is_(None)).with_for_update()
    batch = connection.execute(waiting).one_or_none()
    if batch is None or batch.refused is None:
        return
    still = select(func.count()).where(jobs.c.batch_id == batch_id, jobs.c.state.in_(("queued", "running")))
    if not connection.execute(still).scalar_one():
        end = update(batches).where(batches.c.id == batch_id).values(finished_at=time.time())
        announce_batch(connection, connection.execute(end.returning(batches)).one())


def _batch(row: Row[Any]) -> Batch:
    refused = {int(place): Refusal(*why) for place, why in (row.refused or {}).items()}
    webhook = Webhook.model_validate(row.webhook) if row.webhook else None
    return Batch(**{**row._asdict(), "refused": refused, "webhook": webhook})
