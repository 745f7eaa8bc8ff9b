import errno
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import redis
from sqlalchemy import update

from audio.errors import AudioTooLong, UnreadableAudio
from jobs import queue
from jobs.counts import open_steps
from jobs.errors import LeaseLost, LedgerUnavailable, Unavailable
from jobs.events import Events
from jobs.files import FileStore, input_key, job_prefix, result_key, segment_key
from jobs.ledger import Job, Ledger
from jobs.schema import jobs
from jobs.settings import Settings
from jobs.specs import SpeechSpec
from jobs.submit import forget
from models.cloning.engine import CannotSpeak, NotFinite, Runaway
from models.errors import DenoiserFailed, OutOfMemory
from tests.workers.conftest import AddJob
from workers.job_metrics import JobMetrics
from workers.step import Step
from workers.worker import Worker

Act = Callable[[Step], dict[str, Any]]
Hire = Callable[..., Worker]
LEASE_SECONDS = 2.0
NO_MEMORY = "[enforce fail at alloc_cpu.cpp:124] . DefaultCPUAllocator: can't allocate memory: you tried 9 bytes"
SECRET = "the treasure lies under the old oak"


class Acting:
    """A runner that does to its step what a test says."""

    def __init__(self, act: Act) -> None:
        self._act = act

    def run(self, step: Step, spec: Any) -> dict[str, Any]:
        assert step.job.spec == spec
        return self._act(step)


@pytest.fixture
def hire(settings: Settings, ledger: Ledger, files: FileStore, events: Events) -> Iterator[Hire]:
    workers = []

    def one(
        act: Act,
        *,
        threads: int = 2,
        name: str = "w1",
        lease_seconds: float = LEASE_SECONDS,
        metrics: JobMetrics | None = None,
    ) -> Worker:
        worker = Worker(
            name=name,
            runners={"speech": Acting(act)},
            threads=threads,
            settings=settings.model_copy(update={"lease_seconds": lease_seconds}),
            ledger=ledger,
            files=files,
            events=events,
            metrics=metrics,
        )
        workers.append(worker)
        return worker

    yield one
    for worker in workers:
        worker.stopping.set()


@contextmanager
def working(worker: Worker) -> Iterator[threading.Thread]:
    """One wake-up, on a thread of its own, that ends with the block."""
    thread = threading.Thread(target=worker.work, args=("speech",))
    thread.start()
    try:
        yield thread
    finally:
        thread.join(30)
        assert not thread.is_alive()


class Pause:
    """A runner's act that lasts until the test lets it go."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self._begun = threading.Semaphore(0)
        self._go = threading.Event()

    def __call__(self, step: Step) -> dict[str, Any]:
        self.begun.append(step.job.id)
        self._begun.release()
        assert self._go.wait(30)
        return {}

    def wait_for_one(self) -> None:
        assert self._begun.acquire(timeout=30)

    def go(self) -> None:
        self._go.set()


def states_told(redis_url: str, job_id: str) -> list[str]:
    with redis.Redis.from_url(redis_url, decode_responses=True) as client:
        entries: Any = client.xrange(f"voxhall:events:{job_id}")
    return [fields["data"] for _, fields in entries if fields["kind"] == "state"]


def test_all_waiting_steps_are_done_and_told(
    hire: Hire, add_job: AddJob, ledger: Ledger, files: FileStore, redis_url: str
) -> None:
    def act(step: Step) -> dict[str, Any]:
        key = result_key(step.job.id, "speech.mp3")
        step.files.put(key, b"sound")
        return {"file": key}

    jobs = [add_job() for _ in range(3)]
    worker = hire(act)
    worker.work("speech")
    for job in map(ledger.get, [job.id for job in jobs]):
        assert (job.state, job.progress) == ("succeeded", 1.0)
        assert job.result
        assert files.get(job.result["file"]) == b"sound"
        assert states_told(redis_url, job.id) == ['{"state": "running"}', '{"state": "succeeded"}']
    assert worker.running == 0


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (Unavailable("The file store takes no files: its disk is full."), "unavailable", "its disk is full"),
        (UnreadableAudio("the file is empty"), "unreadable_audio", "the file is empty"),
        (OSError(errno.ENOSPC, "No space left on device", "/a/path"), "unavailable", "disk is full"),
        (AudioTooLong("the audio is longer than 60 seconds"), "audio_too_long", "longer than 60 seconds"),
        (RuntimeError(NO_MEMORY), "out_of_memory", "did not fit into memory"),
        (MemoryError("bytes and more bytes"), "out_of_memory", "did not fit into memory"),
        (OutOfMemory("CUDA: tried to allocate"), "out_of_memory", "free memory on the card"),
        (CannotSpeak("It does not speak 'xx'."), "invalid_request", "'xx'"),
        (NotFinite(), "not_spoken", "not numbers"),
        (Runaway(), "not_spoken", "did not come to its end"),
        (DenoiserFailed("Install it anew."), "unavailable", "Install it anew."),
    ],
)
def test_a_known_failure_is_said_in_its_own_words(
    hire: Hire, add_job: AddJob, ledger: Ledger, redis_url: str, error: Exception, code: str, message: str
) -> None:
    def act(_: Step) -> dict[str, Any]:
        raise error

    job, following = add_job(), add_job()
    hire(act).work("speech")
    failed = ledger.get(job.id)
    assert (failed.state, failed.error_code, failed.result) == ("failed", code, None)
    assert message in (failed.error_message or "")
    assert states_told(redis_url, job.id)[-1] == '{"state": "failed"}'
    assert ledger.get(following.id).done


def test_an_unexpected_failure_says_nothing_of_the_text(
    hire: Hire, add_job: AddJob, ledger: Ledger, caplog: pytest.LogCaptureFixture
) -> None:
    def act(step: Step) -> dict[str, Any]:
        assert isinstance(step.job.spec, SpeechSpec)
        raise RuntimeError(f"cannot speak: {step.job.spec.text}")

    job = add_job(SpeechSpec(text=SECRET, voice="af_heart"))
    with caplog.at_level("DEBUG"):
        hire(act).work("speech")
    failed = ledger.get(job.id)
    assert (failed.state, failed.error_code) == ("failed", "internal_error")
    assert SECRET not in (failed.error_message or "")
    assert "RuntimeError" in str([vars(record) for record in caplog.records])
    assert "test_worker.py" in caplog.text
    assert SECRET not in caplog.text + str([vars(record) for record in caplog.records])


def test_a_step_that_was_taken_back_is_dropped(hire: Hire, add_job: AddJob, ledger: Ledger) -> None:
    def act(step: Step) -> dict[str, Any]:
        assert ledger.recover(worker="w1", crashed=True) == ["speech"]
        worker.stopping.set()
        return {"file": "mine"}

    job = add_job()
    worker = hire(act)
    worker.work("speech")
    assert not ledger.get(job.id).done
    again = ledger.claim("speech", "w2", lease_seconds=60)
    assert again
    assert again.alone
    ledger.finish(again, {"file": "the other's"})
    assert ledger.get(job.id).result == {"file": "the other's"}


def test_a_step_is_told_that_its_job_was_cancelled_long_before_its_lease_runs_out(
    hire: Hire, add_job: AddJob, ledger: Ledger
) -> None:
    def act(step: Step) -> dict[str, Any]:
        ledger.cancel(step.job.id)
        assert step.lost.wait(30)
        raise LeaseLost

    job = add_job()
    hire(act, lease_seconds=600).work("speech")
    assert ledger.get(job.id).state == "canceled"


def test_a_failure_after_the_lease_was_lost_is_not_the_jobs(hire: Hire, add_job: AddJob, ledger: Ledger) -> None:
    def act(step: Step) -> dict[str, Any]:
        ledger.cancel(step.job.id)
        raise RuntimeError

    job = add_job()
    hire(act).work("speech")
    cancelled = ledger.get(job.id)
    assert (cancelled.state, cancelled.error_code) == ("canceled", None)


def test_a_running_step_learns_that_it_was_cancelled(hire: Hire, add_job: AddJob, ledger: Ledger) -> None:
    noticed = threading.Event()

    def act(step: Step) -> dict[str, Any]:
        ledger.cancel(step.job.id)
        assert step.lost.wait(30)
        noticed.set()
        step.check()
        raise AssertionError

    job = add_job()
    hire(act).work("speech")
    assert noticed.is_set()
    assert ledger.get(job.id).state == "canceled"


@pytest.mark.parametrize("end", ["finishes", "fails", "notices", "stops"])
def test_a_job_that_is_deleted_in_mid_step_leaves_no_file(
    hire: Hire, add_job: AddJob, ledger: Ledger, files: FileStore, end: str
) -> None:
    def act(step: Step) -> dict[str, Any]:
        forget(ledger, files, step.job.id)
        step.files.put(segment_key(step.job.id, 0, 7), b"late")
        if end == "fails":
            raise RuntimeError
        if end == "notices":
            raise LeaseLost
        if end == "stops":
            worker.stopping.set()
            step.check()
        return {}

    job = add_job()
    files.put(input_key(job.id, "audio"), b"sound")
    worker = hire(act)
    worker.work("speech")
    assert files.list(job_prefix(job.id)) == []


def test_a_worker_that_stops_puts_its_step_back_uncharged(
    hire: Hire, add_job: AddJob, ledger: Ledger, files: FileStore
) -> None:
    def act(step: Step) -> dict[str, Any]:
        step.files.put(segment_key(step.job.id, 0, 0), b"kept")
        worker.stopping.set()
        step.check()
        raise AssertionError

    job, next_job = add_job(), add_job()
    worker = hire(act)
    worker.work("speech")
    assert [ledger.position(job.id), ledger.position(next_job.id)] == [0, 1]
    assert files.get(segment_key(job.id, 0, 0)) == b"kept"
    again = ledger.claim("speech", "w2", lease_seconds=60)
    assert again
    assert (again.job_id, again.alone) == (job.id, False)


def test_a_step_may_take_longer_than_its_lease(hire: Hire, add_job: AddJob, ledger: Ledger) -> None:
    def act(step: Step) -> dict[str, Any]:
        recovered.extend(ledger.recover() for _ in range(6) if not step.lost.wait(LEASE_SECONDS / 4))
        return {}

    recovered: list[list[Any]] = []
    job = add_job()
    hire(act).work("speech")
    assert recovered == [[]] * 6
    assert ledger.get(job.id).state == "succeeded"


def test_background_never_takes_all_threads(hire: Hire, add_job: AddJob, ledger: Ledger) -> None:
    pause = Pause()
    worker = hire(pause, threads=2)
    background = [add_job(), add_job()]
    with working(worker):
        pause.wait_for_one()
        worker.work("speech")
        assert pause.begun == [background[0].id]
        waited_for = add_job(interactive=True)
        with working(worker):
            pause.wait_for_one()
            assert pause.begun[1:] == [waited_for.id]
            assert worker.running == 2
            pause.go()
    assert all(ledger.get(job.id).state == "succeeded" for job in (*background, waited_for))


def test_a_step_that_may_kill_its_worker_runs_alone(hire: Hire, add_job: AddJob, ledger: Ledger) -> None:
    pause = Pause()
    worker = hire(pause, threads=3)
    suspect = add_job()
    assert ledger.claim("speech", "dead", lease_seconds=60)
    ledger.recover(worker="dead", crashed=True)
    innocent = add_job(interactive=True)
    with working(worker):
        pause.wait_for_one()
        worker.work("speech")
        assert (pause.begun, queue.messages()["speech"]) == ([suspect.id], 0)
        pause.go()
    assert ledger.get(suspect.id).state == ledger.get(innocent.id).state == "succeeded"
    # Wake-ups that the closed process swallowed are made up for.
    assert queue.messages()["speech"] == 3


def test_with_the_broker_away_a_worker_tries_to_wake_others_once(
    hire: Hire, add_job: AddJob, ledger: Ledger, broker_away: list[str]
) -> None:
    add_job()
    assert ledger.claim("speech", "dead", lease_seconds=60)
    ledger.recover(worker="dead", crashed=True)
    hire(lambda _: {}, threads=3).work("speech")
    assert broker_away == ["speech"]


class BrokenMetrics(JobMetrics):
    def began(self, job: Job) -> None:
        raise ValueError(job.id)


def test_a_step_whose_begin_cannot_be_counted_does_not_stay_leased(hire: Hire, add_job: AddJob, ledger: Ledger) -> None:
    job = add_job()
    hire(lambda _: {}, metrics=BrokenMetrics()).work("speech")
    assert (ledger.get(job.id).state, ledger.get(job.id).error_code) == ("failed", "internal_error")


def test_a_job_that_was_deleted_before_its_start_is_no_trouble(hire: Hire, add_job: AddJob, ledger: Ledger) -> None:
    job = add_job()
    ledger.delete(job.id)
    following = add_job()
    hire(lambda _: {}).work("speech")
    assert ledger.get(following.id).state == "succeeded"


def test_a_kind_that_nobody_here_does_fails_its_job_only(
    hire: Hire, add_job: AddJob, ledger: Ledger, settings: Settings, files: FileStore, events: Events
) -> None:
    job = add_job()
    Worker(name="w", runners={}, threads=1, settings=settings, ledger=ledger, files=files, events=events).work("speech")
    assert ledger.get(job.id).error_code == "internal_error"


def test_a_job_that_another_version_wrote_fails_and_holds_up_nobody(
    hire: Hire, add_job: AddJob, ledger: Ledger
) -> None:
    strange, job = add_job(), add_job()
    with ledger.database.write() as connection:
        connection.execute(update(jobs).where(jobs.c.id == strange.id).values(spec={"kind": "speech", "odd": 1}))
    hire(lambda _step: {}).work("speech")
    assert ledger.get(job.id).state == "succeeded"
    assert open_steps(ledger.database) == {}


def test_a_stopped_worker_takes_nothing(hire: Hire, add_job: AddJob, ledger: Ledger) -> None:
    job = add_job()
    worker = hire(lambda _: {})
    worker.stopping.set()
    worker.work("speech")
    assert ledger.get(job.id).state == "queued"


def test_a_step_that_survives_alone_goes_back_among_the_others(hire: Hire, add_job: AddJob, ledger: Ledger) -> None:
    job = add_job()
    ledger.claim("speech", "dead", lease_seconds=60)
    ledger.recover(worker="dead", crashed=True)
    ran_alone = []

    def act(step: Step) -> dict[str, Any]:
        ran_alone.append(step.claim.alone)
        step.announce(0)
        return {"file": "x"}

    hire(act).work("speech")
    assert ran_alone == [True, False]
    assert ledger.get(job.id).state == "succeeded"


def test_a_step_that_stores_nothing_on_the_way_stays_alone(hire: Hire, add_job: AddJob, ledger: Ledger) -> None:
    """It begins anew each time: what it got done before proves nothing about the rest."""
    job = add_job()
    ledger.claim("speech", "dead", lease_seconds=60)
    ledger.recover(worker="dead", crashed=True)
    ran_alone = []

    def act(step: Step) -> dict[str, Any]:
        ran_alone.append(step.claim.alone)
        step.progress(0.5)
        return {"file": "x"}

    hire(act).work("speech")
    assert ran_alone == [True]
    assert ledger.get(job.id).state == "succeeded"


def test_a_ledger_that_is_away_for_a_while_costs_no_job(hire: Hire, add_job: AddJob, ledger: Ledger) -> None:
    job = add_job()
    answers = iter([LedgerUnavailable("away"), None])

    def act(_step: Step) -> dict[str, Any]:
        if error := next(answers):
            raise error
        return {"file": "x"}

    hire(act).work("speech")
    assert ledger.get(job.id).state == "succeeded"
