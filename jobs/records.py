"""Rows of the ledger as a sweep sees them: in the order of their ids, or because their time has come."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Table, and_, delete, exists, or_, select, update

from jobs.database import Database
from jobs.retention import Keep
from jobs.schema import batches, deliveries, jobs, usage

TERMINAL = ("succeeded", "failed", "canceled")
AT_ONCE = 100
"""Rows that one transaction deletes: others wait for it."""

_COLUMNS = (jobs.c.id, jobs.c.kind, jobs.c.state, jobs.c.finished_at, jobs.c.expired_at, jobs.c.result)


@dataclass(frozen=True, slots=True)
class Record:
    """A job's row, whatever version wrote it."""

    id: str
    kind: str
    state: str
    finished_at: float | None
    """None: it is not over."""
    file: str | None
    """The store key of its result; None: it has none, or none any more."""


class Records:
    def __init__(self, database: Database) -> None:
        self._database = database

    def between(self, after: str, last: str | None, *, most: int) -> list[Record]:
        """Jobs whose ids come after `after`, up to and with `last` (None: all), in the order of ids."""
        where = jobs.c.id > after if last is None else and_(jobs.c.id > after, jobs.c.id <= last)
        with self._database.read() as connection:
            found = connection.execute(select(*_COLUMNS).where(where).order_by(jobs.c.id).limit(most))
            return [_record(row) for row in found]

    def get(self, ids: Collection[str]) -> dict[str, Record]:
        with self._database.read() as connection:
            found = connection.execute(select(*_COLUMNS).where(jobs.c.id.in_(ids)))
            return {row.id: _record(row) for row in found}

    def ended(self, start: float, end: float, *, most: int) -> list[Record]:
        """The jobs that ended in [start, end), oldest first."""
        over = jobs.c.state.in_(TERMINAL)  # the index begins with it
        return self._oldest(and_(over, jobs.c.finished_at >= start, jobs.c.finished_at < end), most)

    def due(self, keep: Keep, now: float, *, most: int) -> list[Record]:
        """The jobs whose time, or whose results' time, is over; oldest first."""
        cases: list[ColumnElement[bool]] = []
        if keep.jobs is not None:
            cases.append(and_(jobs.c.finished_at <= now - keep.jobs, _free()))
        if keep.results is not None:
            kept = and_(jobs.c.state == "succeeded", jobs.c.expired_at.is_(None))
            has_file = jobs.c.result["file"].as_string().is_not(None)
            cases.append(and_(jobs.c.finished_at <= now - keep.results, kept, has_file))
        return self._oldest(and_(jobs.c.state.in_(TERMINAL), or_(*cases)), most) if cases else []

    def _oldest(self, where: ColumnElement[bool], most: int) -> list[Record]:
        with self._database.read() as connection:
            found = connection.execute(select(*_COLUMNS).where(where).order_by(jobs.c.finished_at).limit(most))
            return [_record(row) for row in found]

    def free(self, ids: Collection[str]) -> set[str]:
        """Those that may be deleted: over, all announced, and not of a batch that goes on."""
        query = select(jobs.c.id).where(jobs.c.id.in_(ids), jobs.c.state.in_(TERMINAL), _free())
        with self._database.read() as connection:
            return set(connection.execute(query).scalars())

    def drop(self, ids: Collection[str]) -> set[str]:
        """Forgets those that are free, with their steps and deliveries; the ids that are gone."""
        here = select(jobs.c.id).where(jobs.c.id.in_(ids), jobs.c.state.in_(TERMINAL), _free()).order_by(jobs.c.id)
        with self._database.write() as connection:
            # In their order, and past those that another reaper deletes at this moment.
            mine = connection.execute(here.with_for_update(skip_locked=True, of=jobs)).scalars().all()
            connection.execute(delete(jobs).where(jobs.c.id.in_(mine)))
        return set(mine)

    def expire(self, job_id: str, now: float) -> bool:
        """From now on the job has no result files. Before they are deleted: nobody is to be given a link to them."""
        kept = and_(jobs.c.id == job_id, jobs.c.state == "succeeded", jobs.c.expired_at.is_(None))
        with self._database.write() as connection:
            return bool(connection.execute(update(jobs).where(kept).values(expired_at=now)).rowcount)

    def batches(self, before: float, *, act: bool) -> int:
        """Deletes batches that ended before this time, of which no job is left; or just counts those of which none
        will be: a batch ends with the last of its jobs.
        """
        left = exists().where(jobs.c.batch_id == batches.c.id)
        empty = ~(left if act else left.where(deliveries.c.job_id == jobs.c.id, _is_open()))
        told = ~exists().where(deliveries.c.batch_id == batches.c.id, _is_open())
        return self._rows(batches, and_(batches.c.finished_at <= before, empty, told), act=act)

    def usage(self, before: str, *, act: bool) -> int:
        """Deletes usage of days before this one, `2026-11-21`; or just counts it."""
        return self._rows(usage, usage.c.day < before, act=act)

    def _rows(self, table: Table, where: ColumnElement[bool], *, act: bool) -> int:
        if not act:
            with self._database.read() as connection:
                return len(connection.execute(select(*table.primary_key).where(where)).all())
        with self._database.write() as connection:
            return connection.execute(delete(table).where(where)).rowcount

    def ids(self, table: Table, after: str, last: str | None, *, before: float) -> list[str]:
        """Of rows of `table` that were made before this time, in the order of ids."""
        where = [table.c.id > after, table.c.created_at < before] + ([] if last is None else [table.c.id <= last])
        with self._database.read() as connection:
            return list(connection.execute(select(table.c.id).where(*where).order_by(table.c.id)).scalars())

    def known(self, table: Table, ids: Iterable[str]) -> set[str]:
        with self._database.read() as connection:
            return set(connection.execute(select(table.c.id).where(table.c.id.in_(list(ids)))).scalars())


def _is_open() -> ColumnElement[bool]:
    return deliveries.c.state.in_(("waiting", "sending"))


def _free() -> ColumnElement[bool]:
    announced = ~exists().where(deliveries.c.job_id == jobs.c.id, _is_open())
    going_on = exists().where(batches.c.id == jobs.c.batch_id, batches.c.finished_at.is_(None))
    being_told = exists().where(deliveries.c.batch_id == jobs.c.batch_id, _is_open())
    return and_(announced, ~going_on, ~being_told)


def _record(row: Any) -> Record:
    file = (row.result or {}).get("file") if row.state == "succeeded" and row.expired_at is None else None
    return Record(row.id, row.kind, row.state, row.finished_at, file)
