import uuid

import pytest

from bench.aftermath import Aftermath
from bench.errands import Accepted
from bench.hooks import Hook
from bench.house import House
from jobs.admission import NO_BOUNDS
from jobs.batches import begin, seal
from jobs.deliveries import Attempt, Deliveries
from jobs.entries import Entry, Place, enter
from jobs.ledger import Ledger
from jobs.specs import SpeechSpec, TranscriptionSpec
from jobs.webhooks import Webhook

URL = "http://127.0.0.1:1/hook"
HOOK = Webhook(form="standard", url=URL, base_url="http://127.0.0.1:1")


@pytest.fixture
def told() -> Hook:
    return Hook(URL)


@pytest.fixture
def aftermath(house: House, told: Hook) -> Aftermath:
    return Aftermath(house, told, patience=0)


def ended(ledger: Ledger, house: House) -> None:
    """The next step's job ends with a file."""
    claim = ledger.claim("transcription", "w", lease_seconds=60)
    assert claim is not None
    folder = house.data_dir / "files" / "jobs" / claim.job_id / "result"
    folder.mkdir(parents=True)
    (folder / "text.json").touch()
    (folder / "text.srt").touch()
    key = f"jobs/{claim.job_id}/result/text"
    ledger.finish(claim, {"file": f"{key}.json", "captions": {"srt": f"{key}.srt"}})


def job(ledger: Ledger, house: House, key_id: str, *, webhook: Webhook | None = None) -> str:
    job_id = uuid.uuid4().hex
    with ledger.database.write() as connection:
        enter(connection, Entry(job_id, key_id, "voxhall", TranscriptionSpec(), webhook=webhook), NO_BOUNDS)
    ended(ledger, house)
    return job_id


def batch(ledger: Ledger, house: House, key_id: str, *, webhook: Webhook | None) -> Accepted:
    """Of one job, that is over."""
    batch_id, job_id = uuid.uuid4().hex, uuid.uuid4().hex
    with ledger.database.write() as connection:
        begin(connection, batch_id, key_id=key_id, dialect="ttsai", total=1, webhook=webhook)
        place = Place(batch_id, 0)
        enter(connection, Entry(job_id, key_id, "ttsai", TranscriptionSpec(), batch=place), NO_BOUNDS)
        seal(connection, batch_id, {})
    ended(ledger, house)
    return Accepted("batch", (job_id,), announced=(batch_id,))


def deliver(ledger: Ledger, told: Hook) -> None:
    deliveries = Deliveries(ledger.database)
    while delivery := deliveries.claim(lease_seconds=60):
        about = delivery.job_id or delivery.batch_id
        assert about
        told.told[about].add(delivery.id)
        deliveries.record(delivery, Attempt(1, 0.0, 0.1, 204, None))


def test_nothing_is_wrong_where_all_ended_once(
    aftermath: Aftermath, ledger: Ledger, house: House, told: Hook, key_id: str
) -> None:
    one = job(ledger, house, key_id, webhook=HOOK)
    accepted = [Accepted("transcription", (one,), announced=(one,)), batch(ledger, house, key_id, webhook=HOOK)]
    deliver(ledger, told)
    assert aftermath.problems(accepted) == []


def test_a_job_that_no_caller_knows_of_is_told(aftermath: Aftermath, ledger: Ledger, house: House, key_id: str) -> None:
    earlier, one, twice = (job(ledger, house, key_id) for _ in range(3))
    aftermath.earlier = {earlier}
    assert aftermath.problems([Accepted("waited", (one,))]) == [f"{twice}: it was accepted, and no caller knows of it"]


def test_one_job_for_two_callers_is_told(aftermath: Aftermath, ledger: Ledger, house: House, key_id: str) -> None:
    one = Accepted("waited", (job(ledger, house, key_id),))
    assert aftermath.problems([one, one]) == [f"{one.jobs[0]}: 2 requests were answered with it"]


def test_a_batch_that_was_never_announced_is_told(
    aftermath: Aftermath, ledger: Ledger, house: House, key_id: str
) -> None:
    silent = batch(ledger, house, key_id, webhook=None)
    assert aftermath.problems([silent]) == [f"{silent.announced[0]}: its end was not announced"]


def test_what_did_not_arrive_is_told(aftermath: Aftermath, ledger: Ledger, house: House, key_id: str) -> None:
    one = job(ledger, house, key_id, webhook=HOOK)
    problems = aftermath.problems([Accepted("transcription", (one,), announced=(one,))])
    assert problems[0] == "1 webhooks were not delivered"
    assert [problem.endswith("and [] came") for problem in problems] == [False, True]


def test_what_is_not_over_and_what_failed_are_told(aftermath: Aftermath, ledger: Ledger, key_id: str) -> None:
    spec = SpeechSpec(text="Hello.", voice="af_heart")
    failed, queued = (uuid.uuid4().hex for _ in range(2))
    for job_id in (failed, queued):
        ledger.add(job_id=job_id, key_id=key_id, dialect="voxhall", spec=spec, interactive=False)
    claim = ledger.claim("speech", "w", lease_seconds=60)
    assert claim is not None
    ledger.fail(claim, "internal_error", "why")
    assert aftermath.problems([Accepted("short", (failed, queued))]) == [
        "1 jobs are still queued",
        "1 steps are still queued",
        f"short {failed}: it is failed: internal_error why",
        f"short {queued}: it is queued: None None",
    ]


def test_a_file_that_no_result_names_is_told(aftermath: Aftermath, ledger: Ledger, house: House, key_id: str) -> None:
    one = job(ledger, house, key_id)
    (house.data_dir / "files" / "jobs" / one / "result" / "speech.mp3").touch()
    (problem,) = aftermath.problems([Accepted("transcription", (one,))])
    assert "speech.mp3" in problem
