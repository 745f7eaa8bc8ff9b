"""Ledgers of every revision come to the newest one with all their rows, on both databases."""

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.script import ScriptDirectory

from jobs import schema
from jobs.database import MIGRATIONS, Database, migrate, require_current
from jobs.errors import Unavailable
from jobs.ledger import Ledger
from jobs.settings import Settings
from jobs.specs import SpeechSpec

REVISIONS = [script.revision for script in ScriptDirectory(str(MIGRATIONS)).walk_revisions()][::-1]
STATES = ("queued", "running", "succeeded")
SPEC = SpeechSpec(text='Zoë said:\n"\\u0041" 😀', voice="af_heart").model_dump()
CONTENTS: dict[str, Any] = {
    "spec": SPEC,
    "webhook": {"form": "standard", "url": "https://example.org", "base_url": "http://127.0.0.1"},
    "details": {"a": [1, "ö", None]},
    "words": {"Zoë": "/zoʊi/"},
}

Row = dict[str, Any]


@pytest.fixture(params=["sqlite", "postgresql"])
def new_url(request: pytest.FixtureRequest, settings: Settings) -> str:
    return settings.ledger_url if request.param == "sqlite" else request.getfixturevalue("postgres_url")


@pytest.fixture
def database(new_url: str) -> Iterator[Database]:
    opened = Database(new_url)
    yield opened
    opened.close()


def tables(database: Database) -> list[sa.Table]:
    """Those that are there now, parents first."""
    found = sa.MetaData()
    with database.read() as connection:
        found.reflect(connection)
    return [table for table in found.sorted_tables if table.name != "alembic_version"]


def filled(table: sa.Table, number: int) -> Row:
    """A row with something of each column's kind; where it refers to another table, to that one's row of its number."""
    row = {column.name: _value(column, number) for column in table.columns}
    row |= {column.name: f"id{number}" for column in table.columns if column.foreign_keys or column.name == "id"}
    return row | ({"state": STATES[number % len(STATES)]} if "state" in row else {})


def _value(column: sa.Column[Any], number: int) -> Any:
    match column.type:
        case sa.JSON():
            return CONTENTS.get(column.name)
        case sa.Boolean():
            return number % 2 == 0
        case sa.Float() | sa.Double():
            return 1_700_000_000.123456 + number
        case sa.Integer():
            return number if column.primary_key else 2**31 - 10 + number
        case _:
            return "speech" if column.name in {"kind", "queue", "dialect"} else f"ö{number}"


def read(database: Database, table: sa.Table) -> list[Row]:
    """By the columns that the table had when it was looked at."""
    with database.read() as connection:
        found = [dict(row) for row in connection.execute(sa.select(table)).mappings()]
    return sorted(found, key=lambda row: str([row[column.name] for column in table.primary_key]))


def test_a_ledger_that_was_there_from_the_first_revision_on_loses_nothing(database: Database, new_url: str) -> None:
    """With a row more in every table at each revision."""
    kept: dict[str, list[tuple[sa.Table, Row]]] = {}
    for number, revision in enumerate(REVISIONS):
        migrate(new_url, to=revision)
        for table in tables(database):
            row = filled(table, number)
            with database.write() as connection:
                connection.execute(sa.insert(table).values(**row))
            kept.setdefault(table.name, []).append((table, row))
    migrate(new_url)
    assert len(kept["jobs"]) == len(kept["steps"]) == len(REVISIONS)
    for name, rows in kept.items():
        for table, row in rows:
            assert row in read(database, table), name
    states = [Ledger(database).get(f"id{number}").state for number in range(len(REVISIONS))]
    assert states == [STATES[number % len(STATES)] for number in range(len(REVISIONS))]


def test_jobs_that_were_there_are_counted_by_key(database: Database, new_url: str) -> None:
    migrate(new_url, to="0005")
    key, job = (next(table for table in tables(database) if table.name == name) for name in ("keys", "jobs"))
    states = [("id1", state) for state in ("queued", "running", "running", "succeeded", "failed", "canceled")]
    states += [("id2", state) for state in ("queued", "succeeded", "succeeded")]
    with database.write() as connection:
        for number in (1, 2, 3):
            connection.execute(sa.insert(key).values(**filled(key, number)))
        for number, (key_id, state) in enumerate(states):
            row = filled(job, number) | {"key_id": key_id, "state": state}
            connection.execute(sa.insert(job).values(**row))
    migrate(new_url)
    with database.read() as connection:
        unfinished = {row.id: row.unfinished for row in connection.execute(sa.select(schema.keys))}
        ended = [tuple(row) for row in connection.execute(sa.select(schema.ended_jobs))]
    assert unfinished == {"id1": 3, "id2": 1, "id3": 0}
    expected = [("id1", state, 1) for state in ("canceled", "failed", "succeeded")] + [("id2", "succeeded", 2)]
    assert sorted(ended) == [(key_id, "speech", "speech", state, count) for key_id, state, count in expected]


def test_only_a_ledger_of_this_version_is_worked_on(database: Database, new_url: str) -> None:
    with pytest.raises(Unavailable, match="run `voxhall migrate` first"):
        require_current(new_url)
    migrate(new_url, to=REVISIONS[0])
    with pytest.raises(Unavailable, match="revision 0001, older than this Voxhall; run `voxhall migrate`"):
        require_current(new_url)
    migrate(new_url)
    require_current(new_url)
    with database.write() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(Unavailable, match="newer Voxhall") as caught:
        require_current(new_url)
    assert "\n" not in str(caught.value)


def test_a_ledger_that_does_not_answer_may_be_of_this_version() -> None:
    require_current("postgresql+psycopg://voxhall@/x?host=/nowhere")
