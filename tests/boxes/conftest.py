"""Two boxes that share one ledger, one broker and one bucket, each with a cable of its own to them."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text

from jobs.database import Database
from jobs.files import FileStore, open_files
from jobs.settings import Settings
from tests.boxes import servers
from tests.boxes.box import KEY, Box, box
from tests.boxes.lan import Lan, lan
from tests.e2e.miniature import their_catalog, with_miniatures
from tests.e2e.product import until

AHEAD = 600.0
"""Seconds between the boxes' clocks: more than any lease."""


@pytest.fixture(scope="module")
def network() -> Iterator[Lan]:
    with lan(boxes=2) as network:
        yield network


@pytest.fixture(scope="module")
def bucket(network: Lan, tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.Bucket]:
    with (
        servers.bucket(tmp_path_factory.mktemp("bucket"), network.hall.host) as bucket,
        pytest.MonkeyPatch.context() as m,
    ):
        for name, value in bucket.environment.items():
            m.setenv(name, value)
        yield bucket


@pytest.fixture(scope="module")
def files(bucket: servers.Bucket, tmp_path_factory: pytest.TempPathFactory) -> FileStore:
    return open_files(Settings(data_dir=tmp_path_factory.mktemp("data"), store_url=bucket.url))


@pytest.fixture(scope="module")
def ledger_url(network: Lan) -> Iterator[str]:
    with servers.postgresql(network.hall.host) as url:
        yield url


@pytest.fixture(scope="module")
def boxes(
    network: Lan,
    bucket: servers.Bucket,
    ledger_url: str,
    models_dir: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Box, Box]]:
    """Both are ready. The second's clock is ahead."""
    folder = tmp_path_factory.mktemp("boxes")
    models = with_miniatures(folder / "models", models_dir)
    (folder / "redis").mkdir()
    with servers.redis(folder / "redis", network.hall.host) as redis_url, ExitStack() as stack:
        shared = bucket.environment | {
            "VOXHALL_DATABASE_URL": ledger_url,
            "VOXHALL_REDIS_URL": redis_url,
            "VOXHALL_STORE_URL": bucket.url,
            "VOXHALL_SECRET_KEY": "a-secret-that-all-the-boxes-share-here",
            "VOXHALL_API_KEY": KEY,
            "VOXHALL_MODELS_DIR": str(models),
            "VOXHALL_CATALOG": str(their_catalog(folder / "catalog.toml", models)),
            "VOXHALL_DEVICE": "cpu",
            "VOXHALL_COMPILE_KERNELS": "false",
            "VOXHALL_SPEECH_THREADS": "4",
            "VOXHALL_LEASE_SECONDS": "4",
        }
        clocks = (0.0, AHEAD)
        pair = [
            stack.enter_context(box(folder / f"box{n}", site, shared, clock=clock))
            for n, (site, clock) in enumerate(zip(network.boxes, clocks, strict=True))
        ]
        for one in pair:
            until(one.ready, seconds=240)
        yield pair[0], pair[1]


@pytest.fixture
def first(boxes: tuple[Box, Box]) -> Iterator[httpx.Client]:
    with boxes[0].client() as client:
        yield client


@pytest.fixture
def second(boxes: tuple[Box, Box]) -> Iterator[httpx.Client]:
    with boxes[1].client() as client:
        yield client


@pytest.fixture
def claimed_by(ledger_url: str) -> Iterator["Claims"]:
    claims = Claims(Database(ledger_url))
    yield claims
    claims.database.close()


class Claims:
    """Which worker runs a job's step."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def __call__(self, job_id: str) -> str | None:
        query = text("SELECT worker FROM steps WHERE job_id = :id AND state = 'running'")
        with self.database.read() as connection:
            found: str | None = connection.execute(query, {"id": job_id}).scalar_one_or_none()
            return found
