import uuid

from jobs.counts import OpenSteps, ended, open_deliveries, open_steps
from jobs.ledger import Job, Ledger
from jobs.specs import SpeechSpec
from jobs.webhooks import Webhook


def add(ledger: Ledger, key_id: str, *, webhook: Webhook | None = None) -> Job:
    spec = SpeechSpec(text="Hello.", voice="af_heart")
    job_id = uuid.uuid4().hex
    return ledger.add(job_id=job_id, key_id=key_id, dialect="openai", spec=spec, interactive=False, webhook=webhook)


def test_ends_are_counted_once_each_and_outlive_their_jobs(ledger: Ledger, key_id: str) -> None:
    jobs = [add(ledger, key_id) for _ in range(4)]
    held = ledger.claim("speech", "w", lease_seconds=60)
    assert held
    assert held.first
    ledger.finish(held, {})
    held = ledger.claim("speech", "w", lease_seconds=60)
    assert held
    ledger.fail(held, "unreadable_audio", "No audio.")
    for job in jobs[2:]:
        ledger.cancel(job.id)
    for job in jobs:
        ledger.delete(job.id)
    counted = {
        ("speech", "openai", state): count for state, count in (("succeeded", 1), ("failed", 1), ("canceled", 2))
    }
    assert ended(ledger.database) == counted


def test_steps_that_wait_or_run_are_counted_with_the_age_of_the_oldest(ledger: Ledger, key_id: str) -> None:
    assert open_steps(ledger.database) == {}
    add(ledger, key_id), add(ledger, key_id)
    assert ledger.claim("speech", "w", lease_seconds=60)
    found = open_steps(ledger.database)
    assert {at: steps.count for at, steps in found.items()} == {("speech", "queued"): 1, ("speech", "running"): 1}
    assert isinstance(found["speech", "queued"], OpenSteps)
    assert 0 <= found["speech", "queued"].oldest < 60


def test_announcements_are_counted_until_they_have_arrived_or_were_given_up(ledger: Ledger, key_id: str) -> None:
    webhook = Webhook(form="standard", url="https://example.test/hook", base_url="https://voice.example")
    job = add(ledger, key_id, webhook=webhook)
    assert open_deliveries(ledger.database) == {}
    ledger.cancel(job.id)
    assert open_deliveries(ledger.database) == {"waiting": 1}
