"""Recorded consents: in each somebody agrees that their voice is taken. The row is the truth, as it is with voices."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, delete, func, insert, select, tuple_, update

from jobs.database import Database
from jobs.errors import InvalidRequest, NotFound
from jobs.repeats import Once, take
from jobs.schema import consents


@dataclass(frozen=True, slots=True)
class Consent:
    id: str
    key_id: str
    name: str
    language: str
    """A BCP 47 tag, as its caller gave it."""
    details: dict[str, Any]
    """`size` of the recording in bytes."""
    created_at: float


@dataclass(frozen=True, slots=True)
class Page:
    consents: Sequence[Consent]
    has_more: bool


class Consents:
    """Every method is about one key's own: ids tell nothing to strangers."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, consent: Consent, once: Once | None = None) -> Consent:
        """Adds the consent whose recording is stored; or the one that the same request has added before.

        Raises:
            KeyReused: `once` is another request's.
        """
        row = {column.name: getattr(consent, column.name) for column in consents.columns}
        with self._database.write() as connection:
            before = take(connection, once, consent.id) if once else None
            if before is None:
                connection.execute(insert(consents).values(**row))
        return consent if before is None else self.get(before, key_id=consent.key_id)

    def get(self, consent_id: str, *, key_id: str) -> Consent:
        """Raises `NotFound`."""
        query = select(consents).where(consents.c.id == consent_id, consents.c.key_id == key_id)
        with self._database.read() as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            raise _none()
        return _consent(row)

    def page(self, *, key_id: str, after: str | None, size: int) -> Page:
        """The `size` that come after the consent `after`, or the first ones; newest first.

        Raises:
            InvalidRequest: there is no consent `after`.
        """
        query = select(consents).where(consents.c.key_id == key_id)
        place = tuple_(consents.c.created_at, consents.c.id)
        if after is not None:
            query = query.where(place < tuple_(*self._place(after, key_id)))
        newest = query.order_by(consents.c.created_at.desc(), consents.c.id.desc()).limit(size + 1)
        with self._database.read() as connection:
            found = [_consent(row) for row in connection.execute(newest)]
        return Page(found[:size], len(found) > size)

    def _place(self, consent_id: str, key_id: str) -> tuple[float, str]:
        try:
            found = self.get(consent_id, key_id=key_id)
        except NotFound as error:
            raise InvalidRequest("There is no such consent to go on after.", param="after") from error
        return found.created_at, found.id

    def count(self, *, key_id: str) -> int:
        query = select(func.count()).select_from(consents).where(consents.c.key_id == key_id)
        with self._database.read() as connection:
            return int(connection.execute(query).scalar_one())

    def rename(self, consent_id: str, *, key_id: str, name: str) -> Consent:
        """Raises `NotFound`."""
        mine = update(consents).where(consents.c.id == consent_id, consents.c.key_id == key_id)
        with self._database.write() as connection:
            row = connection.execute(mine.values(name=name).returning(consents)).one_or_none()
        if row is None:
            raise _none()
        return _consent(row)

    def remove(self, consent_id: str, *, key_id: str) -> None:
        """Raises `NotFound`."""
        mine = delete(consents).where(consents.c.id == consent_id, consents.c.key_id == key_id)
        with self._database.write() as connection:
            if not connection.execute(mine).rowcount:
                raise _none()

    def known(self, consent_id: str) -> bool:
        """Whether there is one of this id, whosever it is."""
        with self._database.read() as connection:
            return connection.execute(select(consents.c.id).where(consents.c.id == consent_id)).first() is not None


def _none() -> NotFound:
    return NotFound("There is no such consent.", param="consent")


def _consent(row: Row[Any]) -> Consent:
    return Consent(**row._asdict())
