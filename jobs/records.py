"""Rows of the ledger as a sweep sees them: in the order of their ids, or because their time has come."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Table, and_, delete, exists, func, or_, select, tuple_, update

from jobs.database import Database
from jobs.retention import Keep
from jobs.schema import batches, deliveries, jobs, keys, repeats, steps, usage

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
    """The store key of its result; None: it never had one."""
    expired: bool
    """Whether callers are told that its result files are gone."""


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
            # Steps before jobs, as the ledger does.
            theirs = select(steps.c.position).where(steps.c.job_id.in_(connection.execute(here).scalars().all()))
            connection.execute(theirs.order_by(steps.c.job_id, steps.c.position).with_for_update())
            # In their order, and past those that another reaper deletes at this moment.
            mine = connection.execute(here.with_for_update(skip_locked=True, of=jobs)).scalars().all()
            connection.execute(delete(jobs).where(jobs.c.id.in_(mine)))
        return set(mine)

    def expire(self, job_id: str, now: float) -> bool:
        """From now on the job has no result files. Before they are deleted: nobody is to be given a link to them."""
        kept = and_(jobs.c.id == job_id, jobs.c.state == "succeeded", jobs.c.expired_at.is_(None))
        with self._database.write() as connection:
            return bool(connection.execute(update(jobs).where(kept).values(expired_at=now)).rowcount)

    def restore(self, job_id: str) -> bool:
        """Takes back what `expire` did."""
        expired = and_(jobs.c.id == job_id, jobs.c.expired_at.is_not(None))
        with self._database.write() as connection:
            return bool(connection.execute(update(jobs).where(expired).values(expired_at=None)).rowcount)

    def recount(self) -> list[str]:
        """Counts the unfinished jobs of keys anew whose counts are wrong; the ids of those keys."""
        still = jobs.c.state.in_(("queued", "running"))
        with self._database.read() as connection:
            grouped = connection.execute(select(jobs.c.key_id, func.count()).where(still).group_by(jobs.c.key_id))
            open_jobs = {row[0]: row[1] for row in grouped}
            noted = connection.execute(select(keys.c.id, keys.c.unfinished)).all()
        wrong = [key_id for key_id, count in noted if count != open_jobs.get(key_id, 0)]
        return [key_id for key_id in wrong if self._recount(key_id, still)]

    def _recount(self, key_id: str, still: ColumnElement[bool]) -> bool:
        """Whether it was wrong: it may just have been counted at another moment than the jobs."""
        with self._database.write() as connection:
            # Who adds or ends a job holds the key locked by then, so that the two agree.
            own = select(keys.c.unfinished).where(keys.c.id == key_id).with_for_update()
            noted = connection.execute(own).scalar_one()
            found = connection.execute(select(func.count()).where(jobs.c.key_id == key_id, still)).scalar_one()
            connection.execute(update(keys).where(keys.c.id == key_id).values(unfinished=found))
        return bool(noted != found)

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

    def repeats(self, before: float, *, act: bool) -> int:
        """Forgets what an Idempotency-Key stands for that came before this time; or just counts them."""
        return self._rows(repeats, repeats.c.created_at < before, act=act)

    def _rows(self, table: Table, where: ColumnElement[bool], *, act: bool) -> int:
        if not act:
            with self._database.read() as connection:
                return int(connection.execute(select(func.count()).select_from(table).where(where)).scalar_one())
        total = 0
        while gone := self._some_rows(table, where):
            total += gone
        return total

    def _some_rows(self, table: Table, where: ColumnElement[bool]) -> int:
        own = list(table.primary_key)
        some = select(*own).where(where).limit(AT_ONCE).with_for_update(skip_locked=True, of=table)
        with self._database.write() as connection:
            rows = [tuple(row) for row in connection.execute(some)]
            return connection.execute(delete(table).where(tuple_(*own).in_(rows))).rowcount if rows else 0

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
    file = (row.result or {}).get("file") if row.state == "succeeded" else None
    return Record(row.id, row.kind, row.state, row.finished_at, file, row.expired_at is not None)
