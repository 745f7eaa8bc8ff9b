"""Requests that come twice: what an Idempotency-Key stands for.

A row is written in the transaction that makes the job, the batch, or whatever else the request asks for, under its id.
What comes again gets that id. A key is free again once what it stands for is gone or has failed.
"""

import hashlib
import time
from dataclasses import dataclass, replace
from typing import Any, Self

from sqlalchemy import Connection, Row, and_, select, update

from jobs.database import Database
from jobs.errors import KeyReused
from jobs.schema import batches, consents, jobs, repeats, voices
from jobs.upsert import insert_into


@dataclass(frozen=True, slots=True)
class Once:
    """One request, of those that carry the same Idempotency-Key."""

    key_id: str
    word: str
    """As the caller wrote it; 1 to 255 characters."""
    digest: str
    """Of all that the request says: a request with another digest is another one."""
    seconds: int
    """How long it counts."""

    def part(self, name: str) -> Self:
        """For one of several things that the request makes, each of which comes again by itself."""
        # No header has a line break in it: nobody can send such a word.
        return replace(self, word=f"{name}\n{hashlib.sha256(self.word.encode()).hexdigest()}")


def take(connection: Connection, once: Once, made: str) -> str | None:
    """None: from now on the word stands for `made`. Else the id of what the first request made.

    Raises:
        KeyReused: the first request was another one.
    """
    row = {"key_id": once.key_id, "once": once.word, "digest": once.digest, "made": made, "created_at": time.time()}
    while True:
        new = insert_into(connection, repeats).values(**row).on_conflict_do_nothing()
        if connection.execute(new.returning(repeats.c.made)).one_or_none():
            return None
        found = connection.execute(select(repeats).where(_is(once)).with_for_update()).one_or_none()
        if found is None:
            continue  # swept in between
        if _is_over(connection, found, once):
            connection.execute(update(repeats).where(_is(once)).values(**row))
            return None
        return _same(found, once)


def look(database: Database, once: Once) -> str | None:
    """The id of what the first request made; None: this is the first. Raises `KeyReused` as `take`."""
    with database.read() as connection:
        found = connection.execute(select(repeats).where(_is(once))).one_or_none()
        return None if found is None or _is_over(connection, found, once) else _same(found, once)


def is_expected(database: Database, made: str) -> bool:
    """Whether a request may come again that gets this. What is expected goes on when its first caller hangs up."""
    with database.read() as connection:
        return connection.execute(select(repeats.c.made).where(repeats.c.made == made)).first() is not None


def _same(found: Row[Any], once: Once) -> str:
    if found.digest != once.digest:
        raise KeyReused("This Idempotency-Key stands for another request. Send a new one with each new request.")
    return str(found.made)


def _is(once: Once) -> Any:
    return and_(repeats.c.key_id == once.key_id, repeats.c.once == once.word)


def _is_over(connection: Connection, found: Row[Any], once: Once) -> bool:
    return found.created_at < time.time() - once.seconds or not _stands(connection, found.made)


def _stands(connection: Connection, made: str) -> bool:
    """Whether it is there, has not failed and has its files.

    A saved voice has the id of the job that made it, which is forgotten.
    """
    here = and_(jobs.c.id == made, jobs.c.state.not_in(("failed", "canceled")), jobs.c.expired_at.is_(None))
    known = (
        select(jobs.c.id).where(here),
        *(select(t.c.id).where(t.c.id == made) for t in (batches, voices, consents)),
    )
    return any(connection.execute(query).first() is not None for query in known)
