import threading
import time
from collections.abc import Callable, Iterator

import pytest
from prometheus_client import CollectorRegistry, Counter

from jobs.events import Events
from jobs.files import FileStore
from jobs.ledger import Ledger
from jobs.presence import Presence, Presences
from jobs.settings import Settings
from tests.workers.conftest import OneEngine
from workers.attendance import Attendance
from workers.engines import Engines
from workers.residency import Residency
from workers.roles import Role
from workers.worker import Worker

ROLE = Role("speech", ("speech",), threads=1, keeps=("kokoro",))


class Engine:
    """It loads when it is let, or fails."""

    def __init__(self, error: Exception | None = None) -> None:
        self.may_load = threading.Event()
        self._error = error

    def load(self, device: str) -> None:
        assert self.may_load.wait(30)
        if self._error:
            raise self._error

    def unload(self) -> None: ...


@pytest.fixture
def worker(settings: Settings, ledger: Ledger, files: FileStore, events: Events) -> Iterator[Worker]:
    worker = Worker(
        name="speech@here", runners={}, threads=1, settings=settings, ledger=ledger, files=files, events=events
    )
    yield worker
    worker.stopping.set()


@pytest.fixture
def presences(settings: Settings) -> Presences:
    return Presences(settings.redis_url or "")


def attendance(worker: Worker, residency: Residency, presences: Presences) -> Attendance:
    metrics = CollectorRegistry()
    Counter("rendered", "What the worker did", registry=metrics).inc(3)
    engines = Engines({}, residency, "cpu", metrics)
    return Attendance(role=ROLE, worker=worker, engines=engines, presences=presences)


def seen(presences: Presences, wanted: Callable[[Presence], bool]) -> Presence:
    end = time.monotonic() + 30
    while time.monotonic() < end:
        for presence in presences.all():
            if wanted(presence):
                return presence
        time.sleep(0.02)
    raise AssertionError(presences.all())


def test_a_worker_is_there_at_once_and_ready_when_its_models_are(
    worker: Worker, one_engine: OneEngine, presences: Presences
) -> None:
    engine = Engine()
    present = attendance(worker, one_engine(engine), presences)
    present.begin()
    loading = seen(presences, lambda presence: not presence.ready)
    assert (loading.worker, loading.role, loading.queues) == ("speech@here", "speech", ["speech"])
    assert (loading.ready, loading.models) == (False, [])
    engine.may_load.set()
    ready = seen(presences, lambda presence: presence.ready)
    assert (ready.models, ready.problem, ready.running, ready.device) == (["kokoro"], None, 0, "cpu")
    assert "\nrendered_total 3.0\n" in ready.metrics
    worker.stopping.set()
    present.end()
    assert presences.all() == []


def test_why_it_cannot_become_ready_is_said(worker: Worker, one_engine: OneEngine, presences: Presences) -> None:
    engine = Engine(OSError("the weights are broken"))
    engine.may_load.set()
    attendance(worker, one_engine(engine), presences).begin()
    broken = seen(presences, lambda presence: presence.problem is not None)
    assert (broken.ready, broken.problem) == (False, "the weights are broken")


def test_a_worker_goes_on_without_a_broker(
    worker: Worker, one_engine: OneEngine, caplog: pytest.LogCaptureFixture
) -> None:
    engine = Engine()
    engine.may_load.set()
    residency = one_engine(engine)
    lost = attendance(worker, residency, Presences("redis://127.0.0.1:1"))
    lost.begin()
    lost.end()
    assert "presence not told" in caplog.text
