"""What each key has used: credits, characters, seconds of audio and of the device, by day and kind of job.

Credits are the characters that plans count. They are charged with the job, in one transaction, and given back where it
ends without a result.
"""

import math
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from sqlalchemy import Connection, Row, case, select, update
from sqlalchemy.sql import ColumnElement

from jobs import admission
from jobs.admission import NO_BOUNDS, Bounds
from jobs.database import Database
from jobs.errors import NotFound, OutOfCredits
from jobs.prices import PER_MINUTE, of_audio
from jobs.schema import jobs, keys, usage
from jobs.upsert import insert_into

COUNTED = ("jobs", "characters", "audio_seconds", "device_seconds", "credits")


@dataclass(frozen=True, slots=True)
class Used:
    """By one key, on one day (UTC, `2026-11-21`), by jobs of one kind."""

    key_id: str
    day: str
    kind: str
    jobs: int
    """That ended, however they ended."""
    characters: int
    """That were spoken."""
    audio_seconds: float
    """Spoken, transcribed or changed."""
    device_seconds: float
    """Of the device, while it worked for these jobs: also for those that failed."""
    credits: int

    @classmethod
    def of(cls, row: Row[Any]) -> Self:
        return cls(**row._asdict())


def charge(
    connection: Connection,
    *,
    key_id: str,
    credits_needed: int,
    bounds: Bounds = NO_BOUNDS,
    batch_id: str | None = None,
) -> None:
    """Takes the credits of a new job, where the key has them, and counts it, where there is room. Locks the key.

    Args:
        batch_id: of the batch that the job belongs to.

    Raises:
        OutOfCredits: nothing is changed.
        TooManyJobs, QueueFull: the transaction has to be rolled back.
        NotFound: no such key.
    """
    paid = update(keys).where(keys.c.id == key_id, _afford(credits_needed))
    counted = paid.values(credits_used=keys.c.credits_used + credits_needed, unfinished=keys.c.unfinished + 1)
    unfinished = connection.execute(counted.returning(keys.c.unfinished)).scalar_one_or_none()
    if unfinished is None:
        row = connection.execute(select(keys).where(keys.c.id == key_id)).one_or_none()
        if row is None:
            raise NotFound("There is no such key.")
        raise OutOfCredits(required=credits_needed, available=max(0, row.credits - row.credits_used))
    # Behind the key's lock, so that of two requests at once the second one sees the first one's job.
    admission.check(connection, bounds, key_id=key_id, unfinished=unfinished, batch_id=batch_id)


def ended(connection: Connection, job: Row[Any]) -> None:
    """Settles what an ended job is charged and notes what it used; in the transaction that ends it.

    It locks the key before anything else, so that several jobs may end in one transaction, in the order of their keys.
    """
    done, share = job.state == "succeeded", _share(job)
    final = _final_credits(job) if done else math.ceil(job.credits * share)
    paid = update(keys).where(keys.c.id == job.key_id)
    # A count that is too low, and goes below none, would let a key have more jobs than it may.
    fewer = case((keys.c.unfinished > 0, keys.c.unfinished - 1), else_=0)
    spent = keys.c.credits_used + (final - job.credits)
    connection.execute(paid.values(credits_used=spent, unfinished=fewer))
    if final != job.credits:
        connection.execute(update(jobs).where(jobs.c.id == job.id).values(credits=final))
    spoken = len(job.spec.get("text") or "") if job.kind in {"speech", "clone"} else 0
    _add(
        connection,
        job.key_id,
        job.kind,
        jobs=1,
        characters=math.ceil(spoken * share),
        audio_seconds=_duration(job) if done else 0.0,
        credits=final,
    )


def note_device(database: Database, *, key_id: str, kind: str, seconds: float) -> None:
    """Adds seconds that the device worked. Raises `LedgerUnavailable`."""
    with database.write() as connection:
        _add(connection, key_id, kind, device_seconds=seconds)


def used(database: Database, *, key_id: str | None = None, days: int = 30) -> list[Used]:
    """The last days, today among them; newest first. `key_id` None: of all keys."""
    first = (datetime.now(UTC) - timedelta(days=days - 1)).strftime("%Y-%m-%d")
    query = select(usage).where(usage.c.day >= first)
    if key_id is not None:
        query = query.where(usage.c.key_id == key_id)
    with database.read() as connection:
        rows = connection.execute(query.order_by(usage.c.day.desc(), usage.c.key_id, usage.c.kind)).all()
    return [Used.of(row) for row in rows]


def _afford(needed: int) -> ColumnElement[bool]:
    """A job that costs nothing is taken even where more was used than granted."""
    enough = keys.c.credits.is_(None) | (keys.c.credits_used + needed <= keys.c.credits)
    return enough if needed else keys.c.id.is_not(None)


def _share(job: Row[Any]) -> float:
    """How much of the job is to be paid for, 0 to 1: all of one that succeeded.

    Of one that somebody waited for and broke off, what was made by then, for it may have been heard.
    """
    if job.state == "succeeded":
        return 1.0
    return float(job.progress) if job.state == "canceled" and job.interactive else 0.0


def _final_credits(job: Row[Any]) -> int:
    """More than was charged where the recording turned out longer by a second than was known at first.

    Less, too, where the minute was charged that stands for a length that is not known.
    """
    more = of_audio(job.kind, _duration(job)) - job.credits
    apart = -more if job.credits == of_audio(job.kind, None) else more
    second = PER_MINUTE.get(job.kind, 0) / 60
    return int(job.credits) + (more if max(more, apart) >= second else 0)


def _duration(job: Row[Any]) -> float:
    """Of the result's audio; a transcription's is that of the recording."""
    return float((job.result or {}).get("duration") or 0.0)


def _add(connection: Connection, key_id: str, kind: str, **counts: float) -> None:
    day = datetime.fromtimestamp(time.time(), UTC).strftime("%Y-%m-%d")
    new = insert_into(connection, usage).values(
        key_id=key_id, day=day, kind=kind, **{name: counts.get(name, 0) for name in COUNTED}
    )
    more = {name: usage.c[name] + count for name, count in counts.items()}
    connection.execute(new.on_conflict_do_update(index_elements=["key_id", "day", "kind"], set_=more))
