from functools import partial
from typing import Any

import pytest

from jobs import queue
from jobs.batches import Batch, Batches, Refusal
from jobs.database import Database
from jobs.errors import NotFound, OutOfCredits
from jobs.keys import Keys
from jobs.ledger import Job, Ledger
from jobs.repeats import Once, look
from jobs.settings import Settings
from jobs.specs import AnySpec, SpeechSpec
from jobs.submit import submit_batch
from tests.together import together

SPEC = SpeechSpec(text="Hello.", voice="af_heart")


@pytest.fixture
def batches(database: Database) -> Batches:
    return Batches(database)


@pytest.fixture(autouse=True)
def _broker(settings: Settings) -> None:
    queue.connect(settings)


def opened(ledger: Ledger, key_id: str, *, total: int, **more: Any) -> tuple[str, list[Job]]:
    batch_id, _ = submit_batch(ledger, wanted(total), key_id=key_id, dialect="ttsai", total=total, refused={}, **more)
    return batch_id, [job for _, job in sorted(ledger.of_batch(batch_id).items())]


def wanted(total: int, *, credits_needed: int = 0) -> dict[int, tuple[AnySpec, int]]:
    return dict.fromkeys(range(total), (SPEC, credits_needed))


def is_over(batches: Batches, batch_id: str) -> bool:
    return batches.get(batch_id).finished_at is not None


def test_a_batch_is_over_with_the_last_of_its_jobs_however_they_end(
    batches: Batches, ledger: Ledger, key_id: str
) -> None:
    batch_id, jobs = opened(ledger, key_id, total=3)
    claim = ledger.claim("speech", "w", lease_seconds=60)
    assert claim is not None
    ledger.finish(claim, {"file": "x"})
    claim = ledger.claim("speech", "w", lease_seconds=60)
    assert claim is not None
    ledger.fail(claim, "internal_error", "?")
    assert not is_over(batches, batch_id)
    ledger.cancel(jobs[2].id)
    assert is_over(batches, batch_id)
    assert [job.state for _, job in sorted(ledger.of_batch(batch_id).items())] == ["succeeded", "failed", "canceled"]


def test_one_that_cannot_be_paid_is_no_batch_and_frees_its_word(ledger: Ledger, database: Database) -> None:
    key = Keys(database).create("poor", credits_granted=10)[0]
    once, dear = Once(key.id, "order-7", "d" * 64, 3600), wanted(2, credits_needed=20)
    for _ in range(2):
        with pytest.raises(OutOfCredits):
            submit_batch(ledger, dear, key_id=key.id, dialect="ttsai", total=2, refused={}, once=once)
    assert (look(database, once), ledger.page(key_id=key.id).total) == (None, 0)
    batch_id, jobs = opened(ledger, key.id, total=2, once=once)
    assert (len(jobs), look(database, once)) == (2, batch_id)


def test_the_same_request_at_once_is_one_batch(ledger: Ledger, key_id: str) -> None:
    once = Once(key_id, "order-7", "d" * 64, 3600)
    made = together(*[partial(opened, ledger, key_id, total=3, once=once)] * 4)
    assert (len({batch_id for batch_id, _ in made}), {len(jobs) for _, jobs in made}) == (1, {3})
    assert ledger.page(key_id=key_id).total == 3


def test_a_job_that_is_deleted_is_not_waited_for(batches: Batches, ledger: Ledger, key_id: str) -> None:
    batch_id, jobs = opened(ledger, key_id, total=2)
    ledger.cancel(jobs[0].id)
    ledger.delete(jobs[1].id)
    assert is_over(batches, batch_id)
    assert list(ledger.of_batch(batch_id)) == [0]


def test_what_was_refused_is_kept_with_its_place(batches: Batches, ledger: Ledger, key_id: str) -> None:
    refused = {0: Refusal("unknown_voice", "There is no voice `x`."), 1: Refusal("invalid_request", "The text is …")}
    batch_id, _ = submit_batch(ledger, {}, key_id=key_id, dialect="ttsai", total=2, refused=refused)
    batch = batches.get(batch_id, key_id=key_id)
    assert isinstance(batch, Batch)
    assert (batch.refused, batch.finished_at is not None) == (refused, True)


def test_a_batch_of_another_key_is_not_there(batches: Batches, ledger: Ledger, key_id: str) -> None:
    batch_id, _ = opened(ledger, key_id, total=1)
    for given, key in ((batch_id, "0" * 32), ("0" * 32, key_id), ("\0", key_id)):
        with pytest.raises(NotFound):
            batches.get(given, key_id=key)


def test_jobs_that_end_at_the_same_time_end_it(batches: Batches, ledger: Ledger, key_id: str) -> None:
    batch_id, jobs = opened(ledger, key_id, total=8)
    together(*[partial(ledger.cancel, job.id) for job in jobs])
    assert is_over(batches, batch_id)
