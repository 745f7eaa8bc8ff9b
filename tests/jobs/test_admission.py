import io
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import func, insert, select

from jobs import queue
from jobs.admission import Bounds, bounds_of
from jobs.batches import Batches
from jobs.database import Database
from jobs.errors import OutOfCredits, QueueFull, TooManyJobs, VoxhallError
from jobs.files import FileStore
from jobs.keys import Key, Keys
from jobs.ledger import Claim, Job, Ledger
from jobs.plans import Plan
from jobs.schema import jobs, keys
from jobs.settings import Settings
from jobs.specs import SpeechSpec
from jobs.submit import submit, submit_batch
from tests.together import together

SPEC = SpeechSpec(text="Hello.", voice="af_heart")


@pytest.fixture(autouse=True)
def _broker(settings: Settings) -> None:
    queue.connect(settings)


@pytest.fixture
def key(database: Database) -> Key:
    return Keys(database).create("caller")[0]


@pytest.fixture
def other(database: Database) -> Key:
    return Keys(database).create("another")[0]


def add(ledger: Ledger, key: Key, bounds: Bounds, **more: Any) -> Job:
    return ledger.add(
        job_id=uuid.uuid4().hex, key_id=key.id, dialect="x", spec=SPEC, interactive=False, bounds=bounds, **more
    )


def counted(database: Database, key: Key) -> int:
    with database.read() as connection:
        return int(connection.execute(select(keys.c.unfinished).where(keys.c.id == key.id)).scalar_one())


def test_whoever_has_a_plan_has_its_bound_and_all_have_the_servers() -> None:
    settings = Settings(max_jobs=100, max_key_jobs=10)
    assert bounds_of(Plan(), settings) == Bounds(None, 10, 100)
    assert bounds_of(Plan(unfinished_jobs=3), settings) == Bounds(3, 10, 100)
    assert bounds_of(Plan(unfinished_jobs=30), settings) == Bounds(30, 30, 100)


def test_a_full_queue_takes_a_job_again_once_one_has_ended(ledger: Ledger, key: Key, other: Key) -> None:
    bounds = Bounds(of_all=2)
    first = add(ledger, key, bounds)
    add(ledger, other, bounds)
    for refused in (key, other):
        with pytest.raises(QueueFull) as caught:
            add(ledger, refused, bounds)
        assert caught.value.retry_after >= 1
    ledger.cancel(first.id)
    add(ledger, other, bounds)


@pytest.mark.parametrize(
    ("bounds", "error"), [(Bounds(of_all=1), QueueFull), (Bounds(of_key=1), TooManyJobs), (Bounds(1), TooManyJobs)]
)
def test_what_there_is_no_room_for_is_refused_before_its_uploads_are_stored(
    ledger: Ledger, files: FileStore, key: Key, bounds: Bounds, error: type[VoxhallError]
) -> None:
    def ask(upload: io.BytesIO) -> None:
        submit(ledger, files, SPEC, key_id=key.id, dialect="x", uploads={"audio": upload}, bounds=bounds)

    ask(io.BytesIO(b"taken"))
    upload = io.BytesIO(b"refused")
    with pytest.raises(error):
        ask(upload)
    assert upload.tell() == 0, "nobody has read it"


def test_a_key_with_too_many_jobs_leaves_room_for_others(ledger: Ledger, key: Key, other: Key) -> None:
    bounds = Bounds(of_key=1, of_all=5)
    add(ledger, key, bounds)
    with pytest.raises(TooManyJobs, match="1 unfinished"):
        add(ledger, key, bounds)
    add(ledger, other, bounds)


def test_however_a_job_ends_it_is_no_longer_counted(ledger: Ledger, database: Database, key: Key) -> None:
    ends: list[Callable[[Claim], object]] = [
        lambda claim: ledger.finish(claim, {}),
        lambda claim: ledger.fail(claim, "x", "x"),
        lambda claim: ledger.cancel(claim.job_id),
        lambda claim: ledger.delete(claim.job_id),
        *[lambda claim: ledger.recover(worker=claim.worker, crashed=True)] * 4,  # the last one gives it up
    ]
    for _ in range(6):
        add(ledger, key, Bounds())
    left = []
    for end in ends:
        claim = ledger.claim("speech", "w", lease_seconds=600)
        assert claim
        end(claim)
        left.append(counted(database, key))
    assert left == [5, 4, 3, 2, 2, 2, 2, 1]


def test_what_is_refused_is_not_counted(ledger: Ledger, database: Database) -> None:
    poor = Keys(database).create("poor", credits_granted=1)[0]
    with pytest.raises(OutOfCredits):
        add(ledger, poor, Bounds(), credits_needed=2)
    with pytest.raises(QueueFull):
        add(ledger, poor, Bounds(of_all=0))
    assert counted(database, poor) == 0


def test_requests_at_once_never_overstep_a_keys_bound(ledger: Ledger, database: Database, key: Key) -> None:
    def ask() -> Job | TooManyJobs:
        try:
            return add(ledger, key, Bounds(of_key=3))
        except TooManyJobs as error:
            return error

    assert sum(isinstance(answer, Job) for answer in together(*[ask] * 8)) == 3
    assert counted(database, key) == 3


def test_a_batch_is_taken_whole_or_not_at_all(ledger: Ledger, database: Database, key: Key) -> None:
    wanted = dict.fromkeys(range(3), (SPEC, 0))

    def batch(bounds: Bounds) -> str:
        return submit_batch(ledger, wanted, key_id=key.id, dialect="x", total=3, refused={}, bounds=bounds)[0]

    for bounds, error in ((Bounds(of_key=2), TooManyJobs), (Bounds(of_all=2), QueueFull)):
        with pytest.raises(error):
            batch(bounds)
        assert (counted(database, key), ledger.waiting()) == (0, {})
    assert Batches(database).get(batch(Bounds(of_plan=1))).total == 3
    with pytest.raises(TooManyJobs):
        batch(Bounds(of_plan=1))


def test_a_long_history_is_not_counted_again(ledger: Ledger, database: Database, key: Key, other: Key) -> None:
    """Whatever is in the ledger, a new job is looked at by its key's row and the rows of all keys."""
    row = {"key_id": other.id, "dialect": "x", "kind": "speech", "spec": {}, "state": "queued", "interactive": False}
    with database.write() as connection:
        connection.execute(insert(jobs), [{**row, "id": f"{n:032x}", "created_at": 1.0} for n in range(50)])
    # Rows that no count knows of: so nobody has counted rows.
    add(ledger, key, Bounds(of_key=1, of_all=1))
    with database.read() as connection:
        assert connection.execute(select(func.count()).select_from(jobs)).scalar_one() == 51
