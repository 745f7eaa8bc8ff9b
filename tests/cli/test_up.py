"""`voxhall up` where it must not start: one line that says what to do, and no process."""

import fcntl
import os
import socket
import sqlite3
import stat
import subprocess
import sys
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

from cli.up import open_ledger, take_back
from jobs.database import Database, migrate
from jobs.keys import Keys
from jobs.ledger import Ledger
from jobs.presence import Presences
from jobs.settings import Settings, load_settings
from jobs.specs import SpeechSpec
from tests.conftest import ROOT

Up = Callable[..., str]


@pytest.fixture
def up(tmp_path: Path, models_dir: Path, free_port: int) -> Up:
    """Runs the command, which must fail, and gives its one line."""

    def run(*arguments: str, **variables: str) -> str:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("VOXHALL_")}
        settings = {"VOXHALL_MODELS_DIR": str(models_dir), "VOXHALL_PORT": str(free_port)} | variables
        command = [sys.executable, "-m", "cli", "up", "--data-dir", str(tmp_path / "data"), *arguments]
        done = subprocess.run(command, cwd=ROOT, env=clean | settings, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.startswith("voxhall: ")
        assert done.stderr.count("\n") == 1
        return done.stderr

    return run


def test_a_port_in_use(up: Up) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        line = up("--port", str(port))
    assert f"127.0.0.1:{port} cannot be used: Address already in use" in line
    assert "--port" in line


def test_an_address_of_another_machine(up: Up) -> None:
    assert "192.0.2.1:" in up("--host", "192.0.2.1")


def test_a_data_folder_that_another_one_uses(up: Up, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    with (tmp_path / "data" / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert "Another Voxhall runs on" in up()


def test_a_data_folder_that_is_none(up: Up, tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    line = up()
    assert "cannot be used" in line
    assert "--data-dir" in line


def test_a_setting_that_does_not_exist(up: Up, tmp_path: Path) -> None:
    assert "Unknown setting VOXHALL_PROT." in up(VOXHALL_PROT="8080")
    assert not (tmp_path / "data").exists()


def test_a_setting_that_is_out_of_range(up: Up) -> None:
    assert "VOXHALL_PORT: " in up(VOXHALL_PORT="99999")
    assert "VOXHALL_API_KEY: " in up(VOXHALL_API_KEY="short")


def test_models_that_are_not_there(up: Up, tmp_path: Path) -> None:
    assert "`voxhall models pull kokoro` mends it" in up(VOXHALL_MODELS_DIR=str(tmp_path / "none"))


def test_a_weight_file_that_broke_off(up: Up, models_dir: Path, tmp_path: Path) -> None:
    for model in models_dir.iterdir():
        folder = tmp_path / "models" / model.name
        folder.mkdir(parents=True)
        for path in model.iterdir():
            (folder / path.name).symlink_to(path)
    broken = tmp_path / "models" / "kokoro" / "kokoro-v1_0.pth"
    broken.unlink()
    broken.write_bytes(b"half of the weights")
    line = up(VOXHALL_MODELS_DIR=str(tmp_path / "models"))
    assert "kokoro-v1_0.pth is not what it must be" in line
    assert "`voxhall models pull kokoro`" in line


def test_a_catalog_that_cannot_be_read(up: Up, tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text("models = 3")
    assert "own.toml: models" in up(VOXHALL_CATALOG=str(tmp_path / "own.toml"))


def test_a_card_that_is_not_there(up: Up) -> None:
    assert "no cuda:77" in up("--device", "cuda:77")


def test_a_ledger_of_a_newer_version(up: Up, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    ledger = tmp_path / "data" / "ledger.db"
    migrate(f"sqlite:///{ledger}")
    with sqlite3.connect(ledger) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    assert "belongs to a newer Voxhall" in up()


def test_a_ledger_that_is_none(up: Up, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "ledger.db").write_text("this is no database, however long one looks at it. " * 100)
    assert "The ledger cannot be opened: file is not a database" in up()


@pytest.mark.parametrize("url", ["nonsense", "nosuch://localhost/voxhall"])
def test_a_ledger_at_no_address(up: Up, url: str) -> None:
    assert "VOXHALL_DATABASE_URL is no address of a database" in up(VOXHALL_DATABASE_URL=url)


def test_the_data_folder_is_its_owners_only(up: Up, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir(mode=0o755)
    up(VOXHALL_MODELS_DIR=str(tmp_path / "none"))
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "data").iterdir()}
    assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700
    assert modes == {"lock": 0o600, "tmp": 0o700}


def test_a_configured_key_is_taken_once(tmp_path: Path) -> None:
    settings = load_settings({"VOXHALL_DATA_DIR": str(tmp_path), "VOXHALL_API_KEY": "0123456789abcdef"})
    for _ in range(2):
        open_ledger(settings)
    database = Database(settings.ledger_url)
    (key,) = Keys(database).list()
    assert Keys(database).check("0123456789abcdef").id == key.id
    database.close()


def test_without_a_configured_key_none_is_made_before_it_can_be_shown(settings: Settings, database: Database) -> None:
    open_ledger(settings)
    assert Keys(database).list() == []


def test_a_dead_workers_steps_go_back_though_the_broker_is_away(
    ledger: Ledger, key_id: str, broker_away: list[str]
) -> None:
    spec = SpeechSpec(text="Hello.", voice="af_heart")
    for _ in range(16):
        ledger.add(job_id=uuid.uuid4().hex, key_id=key_id, dialect="voxhall", spec=spec, interactive=False)
        assert ledger.claim("speech", "dead", lease_seconds=600)
    take_back("dead", ledger, Presences("unix:///nonexistent/broker"), crashed=True)
    assert broker_away == ["speech"]
    assert ledger.waiting() == {"speech": 16}
