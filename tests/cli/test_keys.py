import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cli.main import app
from jobs.database import Database
from jobs.errors import Unauthorized
from jobs.keys import Keys


@pytest.fixture(autouse=True)
def _own_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What a command changes in its process is put back."""
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.setenv("VOXHALL_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("COLUMNS", "200")
    before = os.umask(0o077)
    yield
    os.umask(before)


@pytest.fixture
def keys(tmp_path: Path) -> Iterator[Keys]:
    database = Database(f"sqlite:///{tmp_path / 'data' / 'ledger.db'}")
    yield Keys(database)
    database.close()


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["keys", *arguments])


def test_a_key_is_shown_once_and_listed_by_its_first_characters(keys: Keys) -> None:
    created = run("create", "radio")
    secret = created.stdout.strip()
    assert (created.exit_code, keys.check(secret).name) == (0, "radio")
    listed = run("list").stdout
    assert "radio" in listed
    assert secret[:8] in listed
    assert secret not in listed


def test_a_revoked_key_ends_and_is_listed_on_demand(keys: Keys) -> None:
    secret = run("create", "radio").stdout.strip()
    (key,) = keys.list()
    assert run("revoke", key.id).exit_code == 0
    with pytest.raises(Unauthorized):
        keys.check(secret)
    assert "radio" not in run("list").stdout
    assert "revoked" in run("list", "--all").stdout


def test_a_key_that_does_not_exist_is_one_line() -> None:
    gone = run("revoke", "nobody")
    assert (gone.exit_code, gone.stderr) == (1, "voxhall: There is no such key.\n")
