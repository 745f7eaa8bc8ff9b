"""What the device did for a step is noted for its key, however the step ends."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from jobs.events import Events
from jobs.files import FileStore
from jobs.ledger import Ledger
from jobs.settings import Settings
from jobs.usage import used
from tests.workers.conftest import AddJob
from workers.lane import Lane
from workers.step import Step, Stopping
from workers.worker import Worker

BUSY = 0.02


class OnTheLane:
    """A runner whose steps keep the lane busy, and then end as a test says."""

    def __init__(self, end: Callable[[], dict[str, Any]]) -> None:
        self._lane = Lane()
        self._end = end

    def run(self, step: Step, spec: Any) -> dict[str, Any]:
        step.wait(self._lane.submit(lambda: time.sleep(BUSY), deadline=0.0))
        return self._end()


def succeed() -> dict[str, Any]:
    return {"duration": 2.5}


def fail() -> dict[str, Any]:
    raise ZeroDivisionError


pytestmark = pytest.mark.usefixtures("one_day")


@pytest.mark.parametrize(("end", "audio"), [(succeed, 2.5), (fail, 0.0)])
def test_a_steps_device_seconds_are_its_keys(
    end: Callable[[], dict[str, Any]],
    audio: float,
    settings: Settings,
    ledger: Ledger,
    files: FileStore,
    events: Events,
    add_job: AddJob,
) -> None:
    job = add_job()
    worker(OnTheLane(end), settings, ledger, files, events).work("speech")
    (day,) = used(ledger.database, key_id=job.key_id)
    assert ledger.get(job.id).done
    assert (day.kind, day.jobs, day.audio_seconds) == ("speech", 1, audio)
    assert day.device_seconds >= BUSY


def test_a_step_that_is_put_back_has_used_the_device_too(
    settings: Settings, ledger: Ledger, files: FileStore, events: Events, add_job: AddJob
) -> None:
    job = add_job()

    def stop() -> dict[str, Any]:
        own.stopping.set()
        raise Stopping

    own = worker(OnTheLane(stop), settings, ledger, files, events)
    own.work("speech")
    (day,) = used(ledger.database, key_id=job.key_id)
    assert (ledger.get(job.id).state, day.jobs) == ("running", 0)
    assert day.device_seconds >= BUSY


def worker(runner: OnTheLane, settings: Settings, ledger: Ledger, files: FileStore, events: Events) -> Worker:
    return Worker(
        name="w", runners={"speech": runner}, threads=1, settings=settings, ledger=ledger, files=files, events=events
    )
