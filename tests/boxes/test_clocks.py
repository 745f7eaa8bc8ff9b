"""Boxes whose clocks differ share one ledger, and leases are kept by its clock."""

import time
import uuid
from collections.abc import Iterator

import pytest

from jobs import queue
from jobs.database import Database, migrate
from jobs.deliveries import Deliveries
from jobs.keys import Keys
from jobs.ledger import Claim, Ledger
from jobs.settings import Settings
from jobs.specs import SpeechSpec
from jobs.webhooks import Webhook

MINUTES = 600.0


@pytest.fixture
def ledger(ledger_url: str, redis_url: str) -> Iterator[Ledger]:
    queue.connect(Settings(redis_url=redis_url))
    migrate(ledger_url)
    database = Database(ledger_url)
    yield Ledger(database)
    database.close()


@pytest.fixture
def claim(ledger: Ledger) -> Claim:
    """Of a job that is announced; by a worker whose clock is right."""
    key_id = Keys(ledger.database).create(f"box {uuid.uuid4().hex}")[0].id
    ledger.add(
        job_id=uuid.uuid4().hex,
        key_id=key_id,
        dialect="voxhall",
        spec=SpeechSpec(text="Hello.", voice="af_heart"),
        interactive=False,
        webhook=Webhook(form="standard", url="https://example.com/", base_url="https://voxhall"),
    )
    claim = ledger.claim("speech", "right", lease_seconds=60)
    assert claim
    return claim


@pytest.mark.parametrize("ahead", [MINUTES, -MINUTES])
def test_a_wrong_clock_takes_nothing_from_others(
    ledger: Ledger, claim: Claim, ahead: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = time.time
    monkeypatch.setattr(time, "time", lambda: right() + ahead)
    assert ledger.recover() == []
    assert ledger.renew([claim], lease_seconds=60) == []
    monkeypatch.undo()
    assert ledger.recover() == []
    ledger.finish(claim, {"file": "x"})
    job = ledger.get(claim.job_id)
    assert job.created_at <= (job.started_at or 0) <= (job.finished_at or 0)


def test_a_dead_worker_is_found_by_a_wrong_clock_too(
    ledger: Ledger, claim: Claim, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ledger.renew([claim], lease_seconds=-1) == []
    right = time.time
    monkeypatch.setattr(time, "time", lambda: right() - MINUTES)
    assert ledger.recover() == ["speech"]
    ledger.cancel(claim.job_id)


@pytest.mark.parametrize("ahead", [MINUTES, -MINUTES])
def test_a_webhook_is_sent_at_once_and_by_one(
    ledger: Ledger, claim: Claim, ahead: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the clock of the box whose worker ended its job."""
    right = time.time
    monkeypatch.setattr(time, "time", lambda: right() + ahead)
    ledger.finish(claim, {"file": "x"})
    monkeypatch.undo()
    deliveries = Deliveries(ledger.database)
    taken = []
    while delivery := deliveries.claim(lease_seconds=30):
        taken.append(delivery.job_id)
    assert claim.job_id in taken
    monkeypatch.setattr(time, "time", lambda: right() + ahead)
    assert deliveries.recover() == 0
