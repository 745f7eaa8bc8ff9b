import uuid
from contextlib import suppress
from typing import Any

import pytest

from jobs.admission import Bounds
from jobs.database import Database
from jobs.entries import Place
from jobs.errors import OutOfCredits, TooManyJobs
from jobs.keys import Key, Keys
from jobs.ledger import Claim, Job, Ledger
from jobs.prices import of_audio
from jobs.specs import AnySpec, Queue, SpeechSpec, TranscriptionSpec
from jobs.usage import Used, note_device, used
from tests.together import together

SPEC = SpeechSpec(text="Hello.", voice="af_heart")


@pytest.fixture
def key(database: Database) -> Key:
    return Keys(database).create("payer", credits_granted=100)[0]


def add(ledger: Ledger, key: Key, credits_needed: int = 0, spec: AnySpec = SPEC, **more: Any) -> Job:
    charged: dict[str, Any] = {"credits_needed": credits_needed, "interactive": False, "dialect": "x"} | more
    return ledger.add(job_id=uuid.uuid4().hex, key_id=key.id, spec=spec, **charged)


def claim(ledger: Ledger, queue: Queue = "speech") -> Claim:
    taken = ledger.claim(queue, "w", lease_seconds=600)
    assert taken
    return taken


def spent(database: Database, key: Key) -> int:
    return Keys(database).get(key.id).credits_used


def test_a_job_is_charged_when_it_is_accepted_and_stays_so_when_it_succeeds(
    ledger: Ledger, database: Database, key: Key
) -> None:
    job = add(ledger, key, 60)
    assert (spent(database, key), job.credits) == (60, 60)
    ledger.finish(claim(ledger), {"duration": 1.5})
    assert (spent(database, key), ledger.get(job.id).credits) == (60, 60)


def test_what_ends_without_a_result_is_given_back_once(ledger: Ledger, database: Database, key: Key) -> None:
    failed, canceled, deleted = (add(ledger, key, 30) for _ in range(3))
    assert spent(database, key) == 90
    ledger.fail(claim(ledger), "x", "It failed.")
    assert (spent(database, key), ledger.get(failed.id).credits) == (60, 0)
    ledger.cancel(canceled.id)
    ledger.delete(deleted.id)
    ledger.delete(canceled.id)
    assert spent(database, key) == 0


def test_of_a_stream_that_is_broken_off_what_was_heard_is_paid(ledger: Ledger, database: Database, key: Key) -> None:
    heard, unheard, nobody_waits = (add(ledger, key, 30, interactive=waits) for waits in (True, True, False))
    for job in (heard, nobody_waits):
        ledger.progress(next(c for c in iter(lambda: claim(ledger), None) if c.job_id == job.id), 0.5)
    for job in (heard, unheard, nobody_waits):
        ledger.cancel(job.id)
    assert (ledger.get(heard.id).credits, spent(database, key)) == (15, 15)
    assert [row.characters for row in used(database)] == [3]


def test_what_a_dead_worker_took_with_it_is_given_back(ledger: Ledger, database: Database, key: Key) -> None:
    job = add(ledger, key, 30)
    while not ledger.get(job.id).done:
        claim(ledger)
        ledger.recover(worker="w", crashed=True)
    assert (ledger.get(job.id).error_code, spent(database, key)) == ("worker_died", 0)


def test_a_key_without_enough_is_refused_and_told_what_is_left(ledger: Ledger, database: Database, key: Key) -> None:
    add(ledger, key, 70)
    with pytest.raises(OutOfCredits) as refused:
        add(ledger, key, 31)
    assert (refused.value.required, refused.value.available) == (31, 30)
    assert (spent(database, key), ledger.page(key_id=key.id).total) == (70, 1)
    add(ledger, key, 30)
    add(ledger, key, 0)


def test_requests_at_once_never_spend_more_than_there_is(ledger: Ledger, database: Database, key: Key) -> None:

    def ask() -> list[Job]:
        taken = []
        with suppress(OutOfCredits):
            for _ in range(5):
                taken.append(add(ledger, key, 7))  # noqa: PERF401 - those before the refusal count
        return taken

    taken = [job for jobs in together(*[ask] * 6) for job in jobs]
    assert (len(taken), spent(database, key)) == (14, 98)


def test_requests_at_once_never_make_too_many_jobs(ledger: Ledger, database: Database, key: Key) -> None:

    def ask() -> Job | TooManyJobs:
        try:
            return add(ledger, key, 1, bounds=Bounds(of_plan=3))
        except TooManyJobs as error:
            return error

    answers = together(*[ask] * 8)
    taken = [job for job in answers if isinstance(job, Job)]
    assert all(error.retry_after >= 1 for error in answers if isinstance(error, TooManyJobs))
    assert (len(taken), spent(database, key)) == (3, 3)
    ledger.cancel(taken[0].id)
    add(ledger, key, 1, bounds=Bounds(of_plan=3))


def test_a_batch_counts_as_one_unfinished_job(ledger: Ledger, key: Key) -> None:
    for position in range(3):
        add(ledger, key, bounds=Bounds(of_plan=2), batch=Place("b" * 32, position))
    add(ledger, key, bounds=Bounds(of_plan=2))
    with pytest.raises(TooManyJobs):
        add(ledger, key, bounds=Bounds(of_plan=2))
    with pytest.raises(TooManyJobs):
        add(ledger, key, bounds=Bounds(of_plan=2), batch=Place("c" * 32, 0))
    add(ledger, key, bounds=Bounds(of_plan=2), batch=Place("b" * 32, 3))


def test_a_recording_is_paid_for_as_long_as_it_was_found_to_be(ledger: Ledger, database: Database, key: Key) -> None:
    short, unknown = (add(ledger, key, n, TranscriptionSpec()) for n in (33, 34))
    for seconds in (1.02, 6.0):
        ledger.finish(claim(ledger, "transcription"), {"duration": seconds})
    assert ledger.get(short.id).credits == 33
    assert ledger.get(unknown.id).credits == 200
    assert spent(database, key) == 233
    assert Keys(database).get(key.id).credits_remaining == 0


def test_a_recording_of_unknown_length_is_paid_for_as_it_was_heard(ledger: Ledger, database: Database) -> None:
    """A minute is charged for it at first."""
    key = Keys(database).create("rich")[0]
    spec = TranscriptionSpec()
    jobs = [add(ledger, key, of_audio(spec.kind, seconds), spec) for seconds in (None, None, 30.0)]
    for seconds in (6.0, 90.0, 20.0):
        ledger.finish(claim(ledger, "transcription"), {"duration": seconds})
    assert [ledger.get(job.id).credits for job in jobs] == [200, 3_000, 1_000]
    assert spent(database, key) == 4_200


@pytest.mark.usefixtures("one_day")
def test_use_is_kept_by_key_day_and_kind(ledger: Ledger, database: Database, key: Key) -> None:
    other = Keys(database).create("other")[0]
    add(ledger, key, 6)
    ledger.finish(claim(ledger), {"duration": 1.5})
    add(ledger, key, 6)
    ledger.fail(claim(ledger), "x", "It failed.")
    add(ledger, other, 10, TranscriptionSpec())
    ledger.finish(claim(ledger, "transcription"), {"duration": 0.3})
    note_device(database, key_id=key.id, kind="speech", seconds=0.25)
    note_device(database, key_id=key.id, kind="speech", seconds=0.5)
    (speech,), (hearing,) = used(database, key_id=key.id), used(database, key_id=other.id)
    assert speech == Used(key.id, speech.day, "speech", 2, 6, 1.5, 0.75, 6)
    assert hearing == Used(other.id, speech.day, "transcription", 1, 0, 0.3, 0.0, 10)
    assert sorted(used(database), key=lambda row: row.kind) == [speech, hearing]
