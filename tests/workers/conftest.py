"""A worker's surroundings, all real: ledger, files, broker, and claims to steps."""

import threading
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from jobs import queue
from jobs.database import Database
from jobs.events import Events
from jobs.files import FileStore, open_files
from jobs.ledger import Job, Ledger
from jobs.settings import Settings
from jobs.specs import AnySpec, Queue, SpeechSpec
from models.catalog import load_catalog
from models.store import Store
from workers.engines import Engines, Supplies, build
from workers.residency import Residency
from workers.roles import RoleName, role_named
from workers.step import Runner, Step
from workers.worker import Worker

AddJob = Callable[..., Job]
BeginStep = Callable[..., Step]
OneEngine = Callable[[object], Residency]
Work = Callable[..., None]


def engines_of(name: RoleName, settings: Settings, models_dir: Path, ledger: Ledger | None = None) -> Engines:
    """As a worker builds them."""
    store = Store(models_dir, load_catalog(settings.catalog))
    ledger = ledger or Ledger(Database(settings.ledger_url))
    return build(role_named(name, settings), Supplies(settings, store, open_files(settings), ledger))


@pytest.fixture(autouse=True)
def _quiet_broker(settings: Settings) -> Iterator[None]:
    """The broker of the settings, without messages of other tests."""
    queue.connect(settings)
    with redis.Redis.from_url(settings.redis_url or "") as client:
        client.flushdb()
        yield


@pytest.fixture
def events(redis_url: str) -> Events:
    return Events(redis_url)


@pytest.fixture
def add_job(ledger: Ledger, key_id: str) -> AddJob:
    def add(spec: AnySpec | None = None, *, interactive: bool = False) -> Job:
        spec = spec or SpeechSpec(text="Hello.", voice="af_heart")
        return ledger.add(job_id=uuid.uuid4().hex, key_id=key_id, dialect="voxhall", spec=spec, interactive=interactive)

    return add


@pytest.fixture
def begin_step(ledger: Ledger, files: FileStore, events: Events) -> BeginStep:
    """Claims a job's only step, as a worker does."""

    def begin(job: Job, stopping: threading.Event | None = None) -> Step:
        claim = ledger.claim(job.spec.queues[0], "tests", lease_seconds=600)
        assert claim
        assert claim.job_id == job.id
        return Step(claim, job, ledger=ledger, files=files, events=events, stopping=stopping or threading.Event())

    return begin


class Watched:
    """A runner whose worker takes nothing after its first step. Remembers what that raised."""

    def __init__(self, runner: Runner) -> None:
        self.worker: Worker | None = None
        self.raised: Exception | None = None
        self._runner = runner

    def run(self, step: Step, spec: Any) -> dict[str, Any]:
        assert self.worker
        try:
            return self._runner.run(step, spec)
        except Exception as error:
            self.raised = error
            raise
        finally:
            self.worker.stopping.set()


@pytest.fixture
def work(settings: Settings, ledger: Ledger, files: FileStore, events: Events) -> Work:
    """A worker runs the job's waiting step to its end, whatever that is; what the runner raised is raised here."""

    def run(runner: Runner, job: Job, queue: Queue | None = None) -> None:
        watched = Watched(runner)
        worker = Worker(
            name="tests",
            runners={job.kind: watched},
            threads=1,
            settings=settings,
            ledger=ledger,
            files=files,
            events=events,
        )
        watched.worker = worker
        worker.work(queue or job.spec.queues[0])
        if watched.raised:
            raise watched.raised

    return run


@pytest.fixture
def one_engine() -> OneEngine:
    """A residency for which every model is this engine."""

    def only(engine: object) -> Residency:
        return Residency(make=lambda _: engine, size=lambda _: 1, device="cpu", budget=1)  # type: ignore[arg-type, return-value]

    return only
