"""What a house has left of all that callers asked for, once it is settled: what is lost, doubled, wrong or untold."""

import collections
import io
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, select

from audio.decode import decode
from audio.errors import AudioError
from bench.errands import Accepted
from bench.hooks import Hook
from bench.house import House
from jobs.database import Database
from jobs.deliveries import UNASKED
from jobs.ledger import Job, Ledger
from jobs.schema import deliveries, jobs, steps
from jobs.specs import SpeechSpec

TOLERANCE = 0.05
"""Seconds by which two results of the same text may differ: containers round to frames."""
HOOKS_SECONDS = 180.0
"""An attempt that its worker did not survive comes again, after its lease or a minute."""


@dataclass
class Aftermath:
    """`earlier` are jobs that no caller of these asked for."""

    house: House
    told: Hook
    earlier: Collection[str] = ()
    patience: float = HOOKS_SECONDS
    """Seconds that webhooks may still take."""
    _lengths: dict[str, float] = field(default_factory=dict)
    """Seconds of results by what they say."""

    def problems(self, accepted: Sequence[Accepted]) -> list[str]:
        database = ledger_of(self.house)
        try:
            return list(self._problems(database, accepted))
        finally:
            database.close()

    def _problems(self, database: Database, accepted: Sequence[Accepted]) -> Iterator[str]:
        end = time.monotonic() + self.patience
        while open_deliveries := _open_deliveries(database):
            if time.monotonic() > end:
                yield f"{open_deliveries} webhooks were not delivered"
                break
            time.sleep(0.5)
        yield from _unfinished(database)
        yield from self._strangers(database, accepted)
        ledger = Ledger(database)
        for one in accepted:
            for job_id in one.jobs:
                yield from (f"{one.kind} {job_id}: {problem}" for problem in self._job(ledger, job_id))
        yield from self._hooks(database, accepted)

    def _strangers(self, database: Database, accepted: Sequence[Accepted]) -> Iterator[str]:
        """A request that was carried out twice has left a job that its caller was never told of."""
        asked = collections.Counter(job for one in accepted for job in one.jobs)
        yield from (f"{job}: {count} requests were answered with it" for job, count in asked.items() if count > 1)
        unknown = job_ids(database) - asked.keys() - set(self.earlier)
        yield from (f"{job}: it was accepted, and no caller knows of it" for job in sorted(unknown))

    def _job(self, ledger: Ledger, job_id: str) -> Iterator[str]:
        job = ledger.get(job_id)
        if job.state != "succeeded":
            yield f"it is {job.state}: {job.error_code} {job.error_message}"
            return
        root = self.house.data_dir / "files"
        found = {str(path.relative_to(root)) for path in (root / "jobs" / job_id / "result").glob("*")}
        if found != (named := set(_stored_under(f"jobs/{job_id}/result/", job.result))):
            yield f"its files are {sorted(found)}, and it names {sorted(named)}"
        elif job.kind != "transcription" and job.file:
            yield from self._wrong_length(job, (root / job.file).read_bytes())

    def _wrong_length(self, job: Job, sound: bytes) -> Iterator[str]:
        told = float((job.result or {})["duration"])
        try:
            seconds = len(decode(io.BytesIO(sound), 24_000).samples) / 24_000
        except AudioError as error:
            yield f"its file cannot be read: {error}"
            return
        if abs(seconds - told) > TOLERANCE:
            yield f"its file has {seconds:.2f} s and should have {told:.2f} s"
        if not isinstance(job.spec, SpeechSpec):
            return
        # Where a caller listens, the text is cut elsewhere.
        same = f"{job.interactive} {job.spec.voice} {job.spec.text}"
        if abs(self._lengths.setdefault(same, told) - told) > TOLERANCE:
            yield f"it has {told:.2f} s, and another of the same text {self._lengths[same]:.2f} s"

    def _hooks(self, database: Database, accepted: Sequence[Accepted]) -> Iterator[str]:
        """Every announcement that is due is in the ledger once and has come under one id, and nothing else has."""
        query = select(deliveries.c.id, deliveries.c.job_id, deliveries.c.batch_id, deliveries.c.webhook)
        with database.read() as connection:
            rows = [row for row in connection.execute(query).all() if row.webhook["url"] == self.told.url]
        added = collections.Counter((row.job_id or row.batch_id) for row in rows)
        yield from (f"{about}: it is announced {count} times" for about, count in added.items() if count > 1)
        for row in rows:
            if (came := self.told.told.get(row.job_id or row.batch_id, set())) != {row.id}:
                yield f"{row.job_id or row.batch_id}: its announcement is {row.id}, and {sorted(came)} came"
        yield from (f"{about}: nobody added its announcement, and it came" for about in self.told.told.keys() - added)
        due = {about for one in accepted for about in one.announced}
        yield from (f"{about}: its end was not announced" for about in sorted(due - added.keys()))


def _stored_under(prefix: str, told: Any) -> Iterator[str]:
    """The keys of files that a result names, captions among them."""
    if isinstance(told, str) and told.startswith(prefix):
        yield told
    elif isinstance(told, Mapping):
        for value in told.values():
            yield from _stored_under(prefix, value)


def ledger_of(house: House) -> Database:
    return Database(f"sqlite:///{house.data_dir / 'ledger.db'}")


def job_ids(database: Database) -> set[str]:
    """Of all jobs that somebody asked for."""
    with database.read() as connection:
        return set(connection.execute(select(jobs.c.id).where(jobs.c.kind.not_in(UNASKED))).scalars())


def _unfinished(database: Database) -> Iterator[str]:
    """Jobs and steps that are not over, although nobody waits any more."""
    for table in (jobs, steps):
        query = select(table.c.state, func.count()).where(table.c.state.in_(("waiting", "queued", "running")))
        with database.read() as connection:
            for state, count in connection.execute(query.group_by(table.c.state)).all():
                yield f"{count} {table.name} are still {state}"


def _open_deliveries(database: Database) -> int:
    query = select(func.count()).where(deliveries.c.state.in_(("waiting", "sending")))
    with database.read() as connection:
        return int(connection.execute(query).scalar_one())
