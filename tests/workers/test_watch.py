"""Steps that cannot be stopped, calls that do not end, and processes that grow: what is theirs goes back in time."""

import logging
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from jobs.events import Events
from jobs.files import FileStore, segment_key
from jobs.ledger import Job, Ledger
from jobs.settings import Settings
from tests.workers.conftest import AddJob
from workers import watch
from workers.lane import Lane
from workers.memory import resident_bytes
from workers.step import Step
from workers.watch import Watch
from workers.worker import Worker

PLENTY = 1 << 50


class Hall:
    """A worker whose jobs do as their test says, its lane, and what watches it, whose process only notes its end."""

    def __init__(self, settings: Settings, ledger: Ledger, files: FileStore, events: Events) -> None:
        self.ledger = ledger
        self.ended = 0
        self.go = threading.Event()
        self.begun = threading.Semaphore(0)
        self.lane = Lane()
        self.stubborn: set[str] = set()
        self.worker = Worker(
            name="w1",
            runners={"speech": self},
            threads=4,
            settings=settings.model_copy(update={"step_seconds": 0.3, "lease_seconds": 600.0}),
            ledger=ledger,
            files=files,
            events=events,
        )

    def run(self, step: Step, spec: Any) -> dict[str, Any]:
        step.files.put(segment_key(step.job.id, 0, 0), b"kept")
        self.begun.release()
        if step.job.id in self.stubborn:
            assert self.go.wait(30)
        while not self.go.is_set():
            time.sleep(0.01)
            step.check()
        return {}

    def watch(self, **bounds: Any) -> Watch:
        usual = {"call_seconds": 600.0, "memory_bytes": PLENTY, "patience": 0.0, "lane_patience": 0.0}
        return Watch(self.worker, lanes=[self.lane], end=self._end, **(usual | bounds))

    def _end(self) -> None:
        self.ended += 1

    @contextmanager
    def working(self, *jobs: Job) -> Iterator[None]:
        threads = [threading.Thread(target=self.worker.work, args=("speech",)) for _ in jobs]
        for thread in threads:
            thread.start()
        for _ in jobs:
            assert self.begun.acquire(timeout=30)
        try:
            yield
        finally:
            self.go.set()
            for thread in threads:
                thread.join(30)


@pytest.fixture
def hall(settings: Settings, ledger: Ledger, files: FileStore, events: Events) -> Iterator[Hall]:
    one = Hall(settings, ledger, files, events)
    yield one
    one.go.set()
    one.worker.stopping.set()


def until(true: Callable[[], object]) -> None:
    end = time.monotonic() + 30
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


def again(ledger: Ledger) -> list[tuple[str, bool]]:
    """The jobs that another worker gets, and whether alone."""
    found = []
    while claim := ledger.claim("speech", "w2", lease_seconds=600):
        found.append((claim.job_id, claim.alone))
    return found


def test_a_step_that_looks_fails_at_its_time_and_nobody_else_does(hall: Hall, add_job: AddJob, ledger: Ledger) -> None:
    job = add_job()
    with hall.working(job):
        until(lambda: ledger.get(job.id).done)
    failed = ledger.get(job.id)
    assert (failed.state, failed.error_code) == ("failed", "timed_out")
    assert "0.3 s" in (failed.error_message or "")
    assert "VOXHALL_STEP_SECONDS" in (failed.error_message or "")
    assert hall.watch().look()
    assert hall.ended == 0


def test_a_step_that_cannot_be_stopped_takes_only_its_own_job_with_it(
    hall: Hall, add_job: AddJob, ledger: Ledger, files: FileStore
) -> None:
    stuck, other = add_job(), add_job()
    hall.stubborn |= {stuck.id, other.id}
    with hall.working(stuck, other):
        until(lambda: len(hall.worker.late(0.0)) == 2)
        hall.worker.give_back(failing=[step for step in hall.worker.late(0.0) if step.job.id == stuck.id])
        assert (ledger.get(stuck.id).state, ledger.get(stuck.id).error_code) == ("failed", "timed_out")
        assert again(ledger) == [(other.id, False)]
        add_job()
        hall.worker.work("speech")  # takes nothing more
        assert ledger.waiting() == {"speech": 1}
    assert files.get(segment_key(other.id, 0, 0)) == b"kept"
    # Also once their threads came back.
    assert (ledger.get(stuck.id).state, ledger.get(other.id).state) == ("failed", "running")


def test_the_process_ends_where_a_thread_does_not_come_back(hall: Hall, add_job: AddJob, ledger: Ledger) -> None:
    stuck = add_job()
    hall.stubborn.add(stuck.id)
    with hall.working(stuck):
        assert hall.watch(patience=600.0).look()
        until(lambda: hall.worker.late(0.0))
        assert not hall.watch().look()
    assert (hall.ended, ledger.get(stuck.id).error_code) == (1, "timed_out")


@pytest.mark.parametrize("blamed", [True, False])
def test_a_call_of_the_model_that_hangs_ends_the_process(
    hall: Hall, add_job: AddJob, ledger: Ledger, blamed: bool
) -> None:
    """Either a step's time was over while it ran, or it gave no sign of life for too long."""
    assert hall.lane.alive_at is None
    leave, inside = threading.Event(), threading.Event()

    def hang() -> None:
        inside.set()
        assert leave.wait(30)

    hall.lane.submit(hang, deadline=0.0)
    assert inside.wait(30)
    job = add_job()
    if blamed:
        with hall.working(job):
            until(lambda: ledger.get(job.id).done)
        assert hall.worker.overran
    else:
        assert hall.watch().look()
    assert not hall.watch(call_seconds=600.0 if blamed else 0.0).look()
    assert hall.ended == 1
    leave.set()
    until(lambda: hall.lane.alive_at is None)


def test_a_long_call_that_gives_signs_of_life_goes_on(hall: Hall) -> None:
    begun, alive, leave = threading.Semaphore(0), threading.Semaphore(0), threading.Event()

    def long() -> None:
        while not leave.is_set():
            hall.lane.live()
            begun.release()
            assert alive.acquire(timeout=30)

    hall.lane.submit(long, deadline=0.0)
    assert begun.acquire(timeout=30)
    first = hall.lane.alive_at
    alive.release()
    assert begun.acquire(timeout=30)
    second = hall.lane.alive_at
    assert first
    assert second
    assert second > first
    hall.lane.live()  # elsewhere than on the lane it says nothing
    assert hall.lane.alive_at == second
    leave.set()
    alive.release()


def test_all_steps_go_back_though_the_broker_is_away(
    hall: Hall, add_job: AddJob, ledger: Ledger, broker_away: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    """Finding that out takes seconds: it is done once, and last."""
    jobs = [add_job() for _ in range(3)]
    hall.stubborn |= {job.id for job in jobs}
    with caplog.at_level(logging.INFO), hall.working(*jobs):
        caplog.clear()
        hall.worker.give_back()
        told = [record.message for record in caplog.records if record.message in {"step put back", "wake-up lost"}]
        assert told == ["step put back", "step put back", "step put back", "wake-up lost"]
        assert broker_away == ["speech"]
        assert {job_id for job_id, _ in again(ledger)} == {job.id for job in jobs}


def test_a_process_that_grew_too_large_gives_back_as_after_a_death(hall: Hall, add_job: AddJob, ledger: Ledger) -> None:
    jobs = [add_job(), add_job()]
    hall.stubborn |= {job.id for job in jobs}
    with hall.working(*jobs):
        assert hall.watch(memory_bytes=resident_bytes() * 2, patience=600.0).look()
        assert not hall.watch(memory_bytes=resident_bytes() // 2, patience=600.0).look()
        assert hall.ended == 1
        # Alone, one after the other: so the greedy one is found.
        claim = ledger.claim("speech", "w2", lease_seconds=600)
        assert claim
        assert claim.alone
        ledger.release(claim, cleared=True)
    states = {ledger.get(job.id).state for job in jobs}
    assert not states & {"failed", "succeeded"}


SCRIPT = """
import threading
from workers.watch import Watch

class Stuck:
    overran = None
    def late(self, patience): return []
    def give_back_as_dead(self): print("gave back", flush=True)

Watch(Stuck(), lanes=[], call_seconds=60, memory_bytes=1).begin()
threading.Event().wait(30)
"""


def test_the_process_ends_though_threads_of_it_run_on() -> None:
    root = Path(watch.__file__).parent.parent
    ended = subprocess.run([sys.executable, "-c", SCRIPT], cwd=root, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (watch.EXIT_STATUS, "gave back\n")
