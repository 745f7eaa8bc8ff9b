import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cli.keys import listing
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


def test_the_servers_own_keys_are_told_as_its_own(keys: Keys) -> None:
    run("create", "radio")
    keys.own("without a key")
    assert "without a key" not in run("list").stdout
    (line,) = [line for line in run("list", "--all").stdout.splitlines() if "without a key" in line]
    assert line.split()[-1] == "own"
    assert [key["state"] for key in json.loads(run("list", "--all", "--json").stdout)] == ["live", "own"]


def test_nothing_of_a_key_is_cut_off_on_a_narrow_terminal(keys: Keys, monkeypatch: pytest.MonkeyPatch) -> None:
    keys_name = "The radio play of the second floor and its guests"
    run("create", keys_name)
    (key,) = keys.list()
    here, there = os.openpty()
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "dumb")
    with os.fdopen(there, "w") as terminal, monkeypatch.context() as patched:
        patched.setattr("sys.stdout", terminal)
        listing()
    shown = os.read(here, 10_000).decode()
    os.close(here)
    lines = shown.splitlines()
    assert max(map(len, lines)) <= 80
    said = " ".join(shown.split())
    assert all(word in said for word in (key.id, keys_name, f"{key.hint}…", "unlimited", "default", "live"))
