import threading
from concurrent.futures import Future
from dataclasses import replace

import pytest
import redis

from jobs.errors import LeaseLost
from jobs.ledger import Ledger
from tests.workers.conftest import AddJob, BeginStep
from workers.step import Cleared, Stopping


def later(future: Future[str], value: str) -> None:
    threading.Timer(0.6, future.set_result, [value]).start()


def test_a_step_waits_for_a_result_that_takes_its_time(add_job: AddJob, begin_step: BeginStep) -> None:
    future: Future[str] = Future()
    later(future, "done")
    assert begin_step(add_job()).wait(future) == "done"


@pytest.mark.parametrize("error", [ValueError("of the call"), TimeoutError("of the call")])
def test_what_a_call_raises_reaches_the_runner(add_job: AddJob, begin_step: BeginStep, error: Exception) -> None:
    future: Future[str] = Future()
    future.set_exception(error)
    with pytest.raises(type(error), match="of the call"):
        begin_step(add_job()).wait(future)


def test_waiting_ends_when_the_lease_is_lost(add_job: AddJob, begin_step: BeginStep) -> None:
    step = begin_step(add_job())
    step.check()
    threading.Timer(0.1, step.lost.set).start()
    with pytest.raises(LeaseLost):
        step.wait(Future())


def test_waiting_ends_when_the_worker_stops(add_job: AddJob, begin_step: BeginStep) -> None:
    stopping = threading.Event()
    step = begin_step(add_job(), stopping)
    threading.Timer(0.1, stopping.set).start()
    with pytest.raises(Stopping):
        step.wait(Future())


def test_a_lost_lease_counts_before_a_stop(add_job: AddJob, begin_step: BeginStep) -> None:
    stopping = threading.Event()
    stopping.set()
    step = begin_step(add_job(), stopping)
    step.lost.set()
    with pytest.raises(LeaseLost):
        step.check()


def test_progress_is_recorded_and_told(add_job: AddJob, begin_step: BeginStep, ledger: Ledger, redis_url: str) -> None:
    job = add_job()
    step = begin_step(job)
    step.progress(0.25)
    step.announce(3)
    assert ledger.get(job.id).progress == 0.25
    with redis.Redis.from_url(redis_url, decode_responses=True) as client:
        told = [fields for _, fields in client.xrange(f"voxhall:events:{job.id}")]
    assert told == [
        {"kind": "progress", "data": '{"progress": 0.25}'},
        {"kind": "segment", "data": '{"index": 3}'},
    ]


def test_a_step_alone_is_cleared_by_what_it_goes_on_from_only(add_job: AddJob, begin_step: BeginStep) -> None:
    step = begin_step(add_job())
    step.claim = replace(step.claim, alone=True)
    step.tell(0)
    with pytest.raises(Cleared):
        step.announce(0)


def test_progress_of_a_cancelled_job_is_refused(add_job: AddJob, begin_step: BeginStep, ledger: Ledger) -> None:
    job = add_job()
    step = begin_step(job)
    ledger.cancel(job.id)
    with pytest.raises(LeaseLost):
        step.progress(0.5)
    assert ledger.get(job.id).progress == 0.0


def test_what_is_no_longer_waited_for_is_not_begun(add_job: AddJob, begin_step: BeginStep) -> None:
    step, call = begin_step(add_job()), Future[str]()
    step.lost.set()
    with pytest.raises(LeaseLost):
        step.wait(call)
    assert call.cancelled()
