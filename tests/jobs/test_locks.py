"""Transactions of PostgreSQL that meet at one job wait for each other, whichever began: none ends in a deadlock."""

import threading
import uuid
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.engine import make_url

from jobs.database import Database
from jobs.errors import LeaseLost
from jobs.keys import Keys
from jobs.ledger import Claim, Ledger
from jobs.records import Records
from jobs.specs import CloneSpec
from tests.together import PATIENCE, together

AS_ROWS_LIE = "-c enable_indexscan=off -c enable_bitmapscan=off"
"""As PostgreSQL may choose at any time."""

SPEC = CloneSpec(text="Hello.", source="reference")


@pytest.fixture
def two(emptied_postgres_url: str) -> Iterator[tuple[Database, Database]]:
    """Two processes' ways to the same ledger."""
    url = make_url(emptied_postgres_url).update_query_dict({"options": AS_ROWS_LIE})
    both = [Database(url.render_as_string(hide_password=False)) for _ in range(2)]
    yield both[0], both[1]
    for one in both:
        one.close()


def claimed(database: Database) -> Claim:
    """The first of a job's two steps, whose row lies behind the second one's since it was claimed."""
    key, ledger = Keys(database).create("caller")[0], Ledger(database)
    ledger.add(job_id=uuid.uuid4().hex, key_id=key.id, dialect="x", spec=SPEC, interactive=False)
    claim = ledger.claim("transcription", "w", lease_seconds=60)
    assert claim
    return claim


def meet(first: Database, begin: Callable[[], object], second: Database, meanwhile: Callable[[], object]) -> None:
    """Runs the second one when the first has changed or locked steps, and goes on with the first when that waits."""
    locked, ended = threading.Event(), threading.Event()
    waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted")

    def pause(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        if locked.is_set() or not statement.startswith(("UPDATE steps", "DELETE FROM steps")):
            return
        locked.set()
        with second.read() as connection:
            while not ended.is_set() and not connection.execute(waiting).scalar_one():
                pass

    def follow() -> None:
        assert locked.wait(PATIENCE)
        try:
            meanwhile()
        finally:
            ended.set()

    event.listen(first.engine, "after_cursor_execute", pause)
    together(begin, follow)


@pytest.mark.parametrize("end", ["cancel", "delete"])
def test_a_step_that_ends_and_a_caller_who_ends_its_job(two: tuple[Database, Database], end: str) -> None:
    worker, caller = two
    claim = claimed(worker)
    finish = partial(Ledger(worker).finish, claim, {})
    meet(worker, finish, caller, partial(getattr(Ledger(caller), end), claim.job_id))
    with pytest.raises(LeaseLost):
        finish()
    assert Ledger(caller).waiting() == {}


@pytest.mark.parametrize("swept", [True, False], ids=["retention", "after its answer"])
def test_a_caller_and_a_sweep_that_delete_the_same_job(two: tuple[Database, Database], swept: bool) -> None:
    caller, other = two
    job_id = claimed(caller).job_id
    job = Ledger(caller).cancel(job_id)
    drop = partial(Records(other).drop, [job_id]) if swept else partial(Ledger(other).delete_ended, job)
    meet(caller, partial(Ledger(caller).delete, job_id), other, drop)
    assert Records(caller).get([job_id]) == {}
