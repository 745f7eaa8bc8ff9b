"""A clock that is set forward or back, as the ledger sees it: rows that are earlier or later by an hour."""

import uuid

import pytest
import redis
from sqlalchemy import Column, Table, update

from jobs import queue
from jobs.database import Database
from jobs.deliveries import Attempt, Deliveries
from jobs.errors import LeaseLost
from jobs.files import FileStore
from jobs.ledger import Claim, Ledger
from jobs.retention import Keep
from jobs.schema import deliveries as delivery_rows
from jobs.schema import steps
from jobs.settings import Settings
from jobs.specs import SpeechSpec
from jobs.webhooks import Webhook
from workers.reaper import Reaper

HOUR = 3600.0
SPEC = SpeechSpec(text="Hello.", voice="af_heart")


@pytest.fixture
def reaper(ledger: Ledger, files: FileStore, settings: Settings) -> Reaper:
    queue.connect(settings)
    return Reaper(ledger=ledger, files=files, keep=Keep(), data_dir=settings.data_dir)


@pytest.fixture
def job_id(ledger: Ledger, key_id: str) -> str:
    hook = Webhook(form="standard", url="https://receiver.example/hook", base_url="https://voice.example")
    job_id = uuid.uuid4().hex
    ledger.add(job_id=job_id, key_id=key_id, dialect="voxhall", spec=SPEC, interactive=False, webhook=hook)
    return job_id


def claim(ledger: Ledger, worker: str = "w", *, seconds: float = 15) -> Claim:
    held = ledger.claim("speech", worker, lease_seconds=seconds)
    assert held
    return held


def shift(database: Database, table: Table, seconds: float, *columns: Column[float]) -> None:
    """What the ledger holds after the clock was set `seconds` back."""
    with database.write() as connection:
        connection.execute(update(table).values({column: column + seconds for column in columns}))


def test_forward_by_an_hour_neither_loses_nor_doubles_a_result(
    reaper: Reaper, ledger: Ledger, database: Database, job_id: str
) -> None:
    first = claim(ledger)
    shift(database, steps, -HOUR, steps.c.lease_expires_at, steps.c.created_at)
    reaper.tend()
    with pytest.raises(LeaseLost):
        ledger.finish(first, {"file": "first"})
    second = claim(ledger, "other")
    ledger.finish(second, {"file": "second"})
    job = ledger.get(job_id)
    assert (job.state, job.result) == ("succeeded", {"file": "second"})
    assert len(Deliveries(database).of_job(job_id)) == 1


def test_a_worker_that_renews_in_time_keeps_its_step(ledger: Ledger, database: Database, job_id: str) -> None:
    held = claim(ledger)
    shift(database, steps, -HOUR, steps.c.lease_expires_at)
    assert ledger.renew([held], lease_seconds=15) == []
    assert ledger.recover() == []
    ledger.finish(held, {"file": "x"})
    assert ledger.get(job_id).state == "succeeded"


def test_back_by_an_hour_a_dead_workers_step_is_taken_back(
    reaper: Reaper, ledger: Ledger, database: Database, job_id: str
) -> None:
    claim(ledger)
    shift(database, steps, HOUR, steps.c.lease_expires_at, steps.c.created_at)
    reaper.tend()
    again = claim(ledger, "other")
    assert (again.job_id, again.alone) == (job_id, False)


def test_a_living_workers_step_stays_however_long_its_boxs_leases_are(
    reaper: Reaper, ledger: Ledger, job_id: str
) -> None:
    held = claim(ledger, seconds=300)
    reaper.tend()
    assert ledger.lost([held]) == []


def test_back_by_an_hour_webhooks_go_out_all_the_same(
    reaper: Reaper, ledger: Ledger, database: Database, job_id: str
) -> None:
    ledger.finish(claim(ledger), {"file": "x"})
    columns = (delivery_rows.c.due_at, delivery_rows.c.created_at)
    shift(database, delivery_rows, HOUR, *columns)
    deliveries = Deliveries(database)
    assert deliveries.claim(lease_seconds=30) is None
    reaper.tend()
    held = deliveries.claim(lease_seconds=30)
    assert held
    shift(database, delivery_rows, HOUR, delivery_rows.c.lease_expires_at)
    reaper.tend()  # whoever held it is taken for dead
    again = deliveries.claim(lease_seconds=30)
    assert again
    assert again.id == held.id
    attempt = Attempt(number=1, at=deliveries._clock(), seconds=0.1, status=204, error=None)
    with pytest.raises(LeaseLost):
        deliveries.record(held, attempt)
    assert deliveries.record(again, attempt) == "delivered"


def test_back_by_a_day_a_second_attempt_is_made_all_the_same(
    reaper: Reaper, ledger: Ledger, database: Database, job_id: str
) -> None:
    """The job ended before the clock was wrong, and its webhook failed while it was."""
    ledger.finish(claim(ledger), {"file": "x"})
    deliveries = Deliveries(database)
    held = deliveries.claim(lease_seconds=30)
    assert held
    failed = Attempt(number=1, at=deliveries._clock(), seconds=0.1, status=503, error=None)
    assert deliveries.record(held, failed) == "waiting"
    reaper.tend()
    assert deliveries.due() == 0, "its time has not come"
    shift(database, delivery_rows, 24 * HOUR, delivery_rows.c.due_at)
    reaper.tend()
    assert deliveries.due() == 1


def test_the_ledger_alone_rebuilds_the_queue(
    reaper: Reaper, ledger: Ledger, key_id: str, settings: Settings, redis_url: str
) -> None:
    """As many wake-ups as steps, from nothing."""
    queue.connect(settings)
    for _ in range(3):
        ledger.add(job_id=uuid.uuid4().hex, key_id=key_id, dialect="voxhall", spec=SPEC, interactive=False)
    with redis.Redis.from_url(redis_url) as client:
        client.flushall()
    assert queue.messages()["speech"] == 0
    reaper.tend()
    reaper.tend()  # those that are there count
    assert queue.messages()["speech"] == 3
