"""Jobs of a key in any order, found by their words: what the ledger's own pages do not do."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import ColumnElement, and_, func, or_, select

from jobs.database import Database
from jobs.schema import jobs

Order = Literal["created", "updated", "credits", "duration"]

_ORDERS: dict[Order, ColumnElement[Any]] = {
    "created": jobs.c.created_at,
    "updated": func.coalesce(jobs.c.finished_at, jobs.c.started_at, jobs.c.created_at),
    "credits": jobs.c.credits,
    # Jobs without a result come as those of no length: where NULLs go differs between databases.
    "duration": func.coalesce(jobs.c.result["duration"].as_float(), 0.0),
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which jobs. None: any."""

    key_id: str
    dialect: str
    kinds: Collection[str]
    states: Collection[str] | None = None
    search: str | None = None
    """Part of the text, or of the address of the recording; case does not matter."""


def listed(
    database: Database, wanted: Wanted, *, order: Order = "created", ascending: bool = False, skip: int = 0, take: int
) -> tuple[list[str], int]:
    """Ids of up to `take` jobs after the first `skip`, and how many there are in all."""
    where = _where(wanted)
    column = _ORDERS[order]
    by = (column.asc() if ascending else column.desc()), jobs.c.id
    with database.read() as connection:
        total = connection.execute(select(func.count()).select_from(jobs).where(where)).scalar_one()
        found = connection.execute(select(jobs.c.id).where(where).order_by(*by).limit(take).offset(skip))
        return list(found.scalars()), total


def _where(wanted: Wanted) -> ColumnElement[bool]:
    whose = and_(jobs.c.key_id == wanted.key_id, jobs.c.dialect == wanted.dialect, jobs.c.kind.in_(wanted.kinds))
    if wanted.states is not None:
        whose = and_(whose, jobs.c.state.in_(wanted.states))
    # NUL is in no text, and PostgreSQL refuses even to compare it.
    if search := (wanted.search or "").replace("\0", ""):
        words = (jobs.c.spec[name].as_string() for name in ("text", "source_url"))
        whose = and_(whose, or_(*(word.icontains(search, autoescape=True) for word in words)))
    return whose
