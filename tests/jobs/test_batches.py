import threading
import uuid

import pytest

from jobs.batches import Batch, Batches, Refusal
from jobs.database import Database
from jobs.errors import NotFound
from jobs.ledger import Job, Ledger, Place
from jobs.specs import SpeechSpec

SPEC = SpeechSpec(text="Hello.", voice="af_heart")


@pytest.fixture
def batches(database: Database) -> Batches:
    return Batches(database)


def opened(batches: Batches, ledger: Ledger, key_id: str, *, total: int) -> tuple[str, list[Job]]:
    batch_id, _ = batches.open(key_id=key_id, dialect="ttsai", total=total)
    return batch_id, [
        ledger.add(
            job_id=uuid.uuid4().hex,
            key_id=key_id,
            dialect="ttsai",
            spec=SPEC,
            interactive=False,
            batch=Place(batch_id, place),
        )
        for place in range(total)
    ]


def is_over(batches: Batches, batch_id: str) -> bool:
    return batches.get(batch_id).finished_at is not None


def test_a_batch_is_over_with_the_last_of_its_jobs_however_they_end(
    batches: Batches, ledger: Ledger, key_id: str
) -> None:
    batch_id, jobs = opened(batches, ledger, key_id, total=3)
    batches.seal(batch_id, {})
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


def test_jobs_that_end_before_the_rest_is_in_do_not_end_it(batches: Batches, ledger: Ledger, key_id: str) -> None:
    batch_id, [job] = opened(batches, ledger, key_id, total=1)
    ledger.cancel(job.id)
    assert not is_over(batches, batch_id)
    batches.seal(batch_id, {})
    assert is_over(batches, batch_id)


def test_a_job_that_is_deleted_is_not_waited_for(batches: Batches, ledger: Ledger, key_id: str) -> None:
    batch_id, jobs = opened(batches, ledger, key_id, total=2)
    batches.seal(batch_id, {})
    ledger.cancel(jobs[0].id)
    ledger.delete(jobs[1].id)
    assert is_over(batches, batch_id)
    assert list(ledger.of_batch(batch_id)) == [0]


def test_what_was_refused_is_kept_with_its_place(batches: Batches, key_id: str) -> None:
    batch_id, _ = batches.open(key_id=key_id, dialect="ttsai", total=2)
    refused = {0: Refusal("unknown_voice", "There is no voice `x`."), 1: Refusal("invalid_request", "The text is …")}
    batches.seal(batch_id, refused)
    batch = batches.get(batch_id, key_id=key_id)
    assert isinstance(batch, Batch)
    assert (batch.refused, batch.finished_at is not None) == (refused, True)


def test_a_batch_of_another_key_is_not_there(batches: Batches, key_id: str) -> None:
    batch_id, _ = batches.open(key_id=key_id, dialect="ttsai", total=1)
    for given, key in ((batch_id, "0" * 32), ("0" * 32, key_id), ("\0", key_id)):
        with pytest.raises(NotFound):
            batches.get(given, key_id=key)
    batches.drop(batch_id)
    with pytest.raises(NotFound):
        batches.get(batch_id)


def test_jobs_that_end_at_the_same_time_end_it(batches: Batches, ledger: Ledger, key_id: str) -> None:
    batch_id, jobs = opened(batches, ledger, key_id, total=8)
    batches.seal(batch_id, {})
    together = threading.Barrier(len(jobs))

    def end(job: Job) -> None:
        together.wait(30)
        ledger.cancel(job.id)

    threads = [threading.Thread(target=end, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert is_over(batches, batch_id)
