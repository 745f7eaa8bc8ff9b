"""Voices that callers have added. The row is the truth: a voice whose files are there without a row does not exist."""

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, delete, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from jobs.database import Database
from jobs.errors import Conflict, NotFound
from jobs.schema import voices


@dataclass(frozen=True, slots=True)
class SavedVoice:
    id: str
    key_id: str
    name: str
    kind: str
    shared: bool
    """Whether every key may use it; only its own may remove it."""
    details: dict[str, Any]
    """What the kind tells of a voice, as JSON."""
    created_at: float
    archived_at: float | None
    """When it was put aside; it speaks no more until it is taken up again. None: it is in use."""


class Voices:
    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, voice_id: str, *, key_id: str, name: str, kind: str, shared: bool, details: dict[str, Any]) -> None:
        """Adds the voice whose files are stored; adding the same id again is fine.

        Raises:
            Conflict: the key has another voice of this name.
        """
        row = {"id": voice_id, "key_id": key_id, "name": name, "kind": kind, "shared": shared, "details": details}
        try:
            with self._database.write() as connection:
                if not connection.execute(select(voices.c.id).where(voices.c.id == voice_id)).first():
                    connection.execute(insert(voices).values(**row, created_at=time.time()))
        except IntegrityError as error:
            raise Conflict(f"There is a voice named `{name}` already.", param="name") from error

    def named(self, name: str, *, key_id: str) -> bool:
        """Whether the key itself has a voice of this name."""
        query = select(voices.c.id).where(voices.c.key_id == key_id, voices.c.name == name)
        with self._database.read() as connection:
            return connection.execute(query).first() is not None

    def find(self, voice: str, *, key_id: str, kind: str | Collection[str], archived: bool = False) -> SavedVoice:
        """The voice of this kind, or of one of these, and of this id or name that the key may use.

        Its own comes before one that is shared, also where its own was put aside: nobody else's speaks in its place.

        `archived`: whether one of its own that was put aside is found, too.

        Raises:
            NotFound: also for another key's voice: ids tell nothing to strangers.
        """
        shared = and_(voices.c.shared.is_(True), voices.c.archived_at.is_(None))
        found = self._first(voice, key_id, kind, or_(voices.c.key_id == key_id, shared))
        if found.archived_at is not None and not archived:
            raise NotFound("There is no such voice.")
        return found

    def own(self, voice: str, *, key_id: str, kind: str | Collection[str]) -> SavedVoice:
        """The key's own voice of this id or name, in use or not. Raises `NotFound`, also for another key's voice."""
        return self._first(voice, key_id, kind, voices.c.key_id == key_id)

    def _first(self, voice: str, key_id: str, kind: str | Collection[str], among: ColumnElement[bool]) -> SavedVoice:
        if "\0" in voice:
            # PostgreSQL refuses even to compare it.
            raise NotFound("There is no such voice.")
        named = or_(voices.c.id == voice, voices.c.name == voice)
        wanted = select(voices).where(named, voices.c.kind.in_([kind] if isinstance(kind, str) else kind), among)
        order = (voices.c.key_id == key_id).desc(), (voices.c.id == voice).desc(), voices.c.created_at
        with self._database.read() as connection:
            row = connection.execute(wanted.order_by(*order).limit(1)).one_or_none()
        if row is None:
            raise NotFound("There is no such voice.")
        return _voice(row)

    def get(self, voice_id: str) -> SavedVoice:
        """By id alone, for workers. Raises `NotFound`: it was removed."""
        with self._database.read() as connection:
            row = connection.execute(select(voices).where(voices.c.id == voice_id)).one_or_none()
        if row is None:
            raise NotFound("The voice was removed.")
        return _voice(row)

    def list(self, *, key_id: str, kind: str) -> list[SavedVoice]:
        """Those that the key may use, newest first."""
        query = select(voices).where(voices.c.kind == kind, _usable(key_id)).order_by(voices.c.created_at.desc())
        with self._database.read() as connection:
            return [_voice(row) for row in connection.execute(query)]

    def count(self, *, key_id: str, kind: str) -> int:
        """Of the key's own, those that are in use."""
        mine = and_(voices.c.key_id == key_id, voices.c.kind == kind, voices.c.archived_at.is_(None))
        with self._database.read() as connection:
            return int(connection.execute(select(func.count()).select_from(voices).where(mine)).scalar_one())

    def archive(self, voice_id: str, *, key_id: str, archived: bool) -> None:
        """Puts the key's voice aside, or takes it up again. Raises `NotFound`, also for another key's voice."""
        mine = update(voices).where(voices.c.id == voice_id, voices.c.key_id == key_id)
        with self._database.write() as connection:
            if not connection.execute(mine.values(archived_at=time.time() if archived else None)).rowcount:
                raise NotFound("There is no such voice.")

    def older(self, *, kind: str, than: float) -> Sequence[str]:
        """Ids of the voices of this kind that were added before `than`."""
        query = select(voices.c.id).where(voices.c.kind == kind, voices.c.created_at < than)
        with self._database.read() as connection:
            return connection.execute(query).scalars().all()

    def drop(self, voice_id: str) -> None:
        """Removes the voice, whosever it is; it is fine if there is none."""
        with self._database.write() as connection:
            connection.execute(delete(voices).where(voices.c.id == voice_id))

    def remove(self, voice_id: str, *, key_id: str) -> None:
        """Raises `NotFound`, also where the voice is another key's."""
        mine = delete(voices).where(voices.c.id == voice_id, voices.c.key_id == key_id)
        with self._database.write() as connection:
            if not connection.execute(mine).rowcount:
                raise NotFound("There is no such voice.")


def _usable(key_id: str) -> ColumnElement[bool]:
    return or_(voices.c.key_id == key_id, voices.c.shared.is_(True))


def _voice(row: Row[Any]) -> SavedVoice:
    return SavedVoice(**row._asdict())
