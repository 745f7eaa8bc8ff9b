"""Fixtures of all rooms: real broker, real ledger, real models."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path, PurePath
from types import SimpleNamespace
from typing import Any

import pytest
import redis
from hypothesis import settings as hypothesis
from kombu.exceptions import OperationalError
from xdist.scheduler import LoadScopeScheduling

from cli import broker as valkey
from jobs import queue
from jobs.database import Database, migrate
from jobs.files import FileStore, open_files
from jobs.keys import Keys
from jobs.ledger import Ledger
from jobs.settings import Settings
from tests.elsewhere import Elsewhere

# As the workers do: OpenMP's spinning threads make everything slow on a machine that does other work too.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

# No example has to be quick: a machine that does other work too is no fault.
hypothesis.register_profile("patient", deadline=None)
hypothesis.load_profile("patient")

ROOT = Path(__file__).resolve().parent.parent


class ByFixtures(LoadScopeScheduling):  # type: ignore[misc]
    """Where tests run in several processes, a module stays in one, and so do all that share a product.

    A group mark would say the same, but xdist 3.8 writes it into a node's id where pytest 9.2 does not look.
    """

    def _split_scope(self, nodeid: str) -> str:
        module = nodeid.partition("::")[0]
        room = PurePath(module).parts[1]
        return room if room in {"e2e", "faults", "boxes"} else module


@pytest.hookimpl(optionalhook=True)  # without xdist nobody asks
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFixtures:
    return ByFixtures(config, log)


@pytest.fixture(scope="session")
def models_dir() -> Path:
    """The installed models of the cpu profile; `make models` fetches them."""
    folder = Path(os.environ.get("VOXHALL_MODELS_DIR", ROOT / "models" / "weights"))
    assert (folder / "kokoro" / "kokoro-v1_0.pth").is_file(), "the tests need the models: run `make models` first"
    return folder


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real, embedded Valkey."""
    path = valkey.socket_path(tmp_path_factory.mktemp("valkey"))
    process = subprocess.Popen(valkey.command(path), stdout=subprocess.DEVNULL)
    client = redis.Redis.from_url(f"unix://{path}")
    end = time.monotonic() + 20
    while not path.exists() or not client.ping():
        assert time.monotonic() < end, "the broker does not start"
        time.sleep(0.02)
    client.close()
    yield f"unix://{path}"
    process.terminate()
    process.wait(10)


@pytest.fixture
def broker_away(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Iterator[list[str]]:
    """The queues that somebody tried to wake. As Celery says it, but for the six seconds that it takes to find out."""
    tried: list[str] = []

    def send(_task: str, *, queue: str, **_: object) -> None:
        tried.append(queue)
        raise OperationalError("nobody listens")

    monkeypatch.setattr(queue.app, "send_task", send)
    queue.connect(settings)
    yield tried
    queue.connect(settings)  # it is there again


@pytest.fixture
def settings(tmp_path: Path, redis_url: str) -> Settings:
    return Settings(data_dir=tmp_path, redis_url=redis_url)


@pytest.fixture(scope="session")
def new_ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite ledger that was just migrated. Copying it takes a hundredth of the time of making one."""
    path = tmp_path_factory.mktemp("ledger") / "ledger.db"
    migrate(f"sqlite:///{path}")
    assert [file.name for file in path.parent.iterdir()] == ["ledger.db"]  # all is in the one file
    return path


@pytest.fixture
def database(settings: Settings, new_ledger: Path) -> Iterator[Database]:
    shutil.copy(new_ledger, settings.data_dir / "ledger.db")
    database = Database(settings.ledger_url)
    yield database
    database.close()


@pytest.fixture
def ledger(database: Database) -> Ledger:
    return Ledger(database)


@pytest.fixture
def key_id(database: Database) -> str:
    return Keys(database).create("tests")[0].id


@pytest.fixture
def one_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is used, is used today, also where midnight comes in between."""
    noon = datetime.now(UTC).replace(hour=12).timestamp()
    monkeypatch.setattr("jobs.usage.time", SimpleNamespace(time=lambda: noon))


@pytest.fixture
def files(settings: Settings) -> FileStore:
    return open_files(settings)


@pytest.fixture(scope="session")
def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def dead_port() -> Iterator[int]:
    """Where nobody listens, and nobody else can begin to."""
    with socket.socket() as kept:
        kept.bind(("127.0.0.1", 0))
        yield int(kept.getsockname()[1])


@pytest.fixture
def elsewhere() -> Iterator[Elsewhere]:
    """Whatever is called from here."""
    found = Elsewhere()
    yield found
    found.close()
