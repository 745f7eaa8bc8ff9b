import json
import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cli.main import app
from jobs.database import Database
from jobs.keys import Keys
from jobs.ledger import Ledger
from jobs.specs import SpeechSpec
from jobs.usage import note_device


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
def database(tmp_path: Path) -> Iterator[Database]:
    """That of the commands, which make it."""
    run("usage")
    database = Database(f"sqlite:///{tmp_path / 'data' / 'ledger.db'}")
    yield database
    database.close()


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


def speak(database: Database, key_id: str) -> None:
    ledger, job_id = Ledger(database), uuid.uuid4().hex
    spec = SpeechSpec(text="Hello.", voice="af_heart")
    ledger.add(job_id=job_id, key_id=key_id, dialect="x", spec=spec, interactive=False, credits_needed=6)
    claim = ledger.claim("speech", "w", lease_seconds=60)
    assert claim
    ledger.finish(claim, {"duration": 1.5})
    note_device(database, key_id=key_id, kind="speech", seconds=0.25)


@pytest.mark.usefixtures("one_day")
def test_use_is_shown_by_key_day_and_kind(database: Database) -> None:
    radio, podcast = (Keys(database).create(name)[0] for name in ("radio", "podcast"))
    speak(database, radio.id)
    speak(database, radio.id)
    speak(database, podcast.id)
    shown = run("usage").stdout.split("\n")
    (line,) = [line for line in shown if "radio" in line]
    assert line.split()[2:] == ["speech", "2", "12", "3.0", "0.5", "12"]
    (line,) = [line for line in shown if "in all" in line]
    assert line.split()[2:] == ["3", "18", "4.5", "0.8", "18"]
    (row,) = json.loads(run("usage", "--key", "podcast", "--json").stdout)
    told = {name: row[name] for name in ("key", "key_id", "kind", "characters", "audio_seconds", "device_seconds")}
    assert told == {
        "key": "podcast",
        "key_id": podcast.id,
        "kind": "speech",
        "characters": 6,
        "audio_seconds": 1.5,
        "device_seconds": 0.25,
    }


def test_a_key_that_does_not_exist_is_one_line() -> None:
    gone = run("usage", "--key", "nobody")
    said = "voxhall: There is no key `nobody`. `voxhall keys list --all` lists them.\n"
    assert (gone.exit_code, gone.stderr) == (1, said)


def test_a_key_has_a_plan_and_credits(database: Database) -> None:
    assert run("keys", "create", "radio", "--plan", "pro", "--credits", "5000").exit_code == 0
    (key,) = Keys(database).list()
    assert (key.plan, key.credits_remaining) == ("pro", 5000)
    assert "5,000" in run("keys", "list").stdout


def test_a_plan_and_credits_are_changed(database: Database) -> None:
    key = Keys(database).create("radio", credits_granted=10)[0]
    speak(database, key.id)
    assert run("keys", "set", key.id, "--plan", "free", "--credits", "100").exit_code == 0
    changed = Keys(database).get(key.id)
    assert (changed.plan, changed.credits_used, changed.credits_remaining) == ("free", 6, 100)
    assert run("keys", "set", key.id, "--plan", "default", "--credits", "unlimited").exit_code == 0
    assert (Keys(database).get(key.id).plan, Keys(database).get(key.id).credits) == (None, None)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("keys", "create", "x", "--plan", "gold"), "There is no plan `gold`."),
        (("keys", "set", "x"), "Say what to change"),
        (("keys", "set", "x", "--credits", "many"), "--credits takes a whole number"),
        (("keys", "set", "x", "--plan", "free"), "There is no such key."),
    ],
)
def test_what_cannot_be_done_is_one_line(database: Database, arguments: tuple[str, ...], said: str) -> None:
    refused = run(*arguments)
    assert refused.exit_code == 1
    assert said in refused.stderr
    assert Keys(database).list() == []
