"""`voxhall gc`, `backup`, `restore`, and every process before a ledger of another version."""

import json
import os
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text, update
from typer.testing import CliRunner, Result

from cli.main import app
from jobs.database import Database, migrate
from jobs.files import FileStore, input_key, open_files, result_key
from jobs.keys import Keys
from jobs.ledger import Ledger
from jobs.schema import jobs
from jobs.settings import Settings
from jobs.specs import SpeechSpec

Run = Callable[..., Result]


@pytest.fixture
def run(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("VOXHALL_REDIS_URL", settings.redis_url or "")
    monkeypatch.setenv("COLUMNS", "200")

    def invoke(*arguments: str, data_dir: Path = settings.data_dir) -> Result:
        monkeypatch.setenv("VOXHALL_DATA_DIR", str(data_dir))
        return CliRunner().invoke(app, arguments)

    return invoke


@pytest.fixture
def done(ledger: Ledger, files: FileStore, key_id: str) -> str:
    """A job that has ended two days ago, and an old upload of nobody."""
    job_id = uuid.uuid4().hex
    spec = SpeechSpec(text="Hello.", voice="af_heart")
    ledger.add(job_id=job_id, key_id=key_id, dialect="voxhall", spec=spec, interactive=False)
    claim = ledger.claim("speech", "w", lease_seconds=60)
    assert claim
    for key in (input_key(job_id, "audio"), result_key(job_id, "speech.mp3"), input_key("0" * 32, "audio")):
        files.put(key, b"sound")
    assert files.root
    old = time.time() - 2 * 86_400
    os.utime(files.root / input_key("0" * 32, "audio"), (old, old))
    ledger.finish(claim, {"file": result_key(job_id, "speech.mp3"), "media_type": "audio/mpeg", "duration": 1.0})
    with ledger.database.write() as connection:
        connection.execute(update(jobs).values(finished_at=old))
    return job_id


def test_a_dry_run_says_what_the_real_one_deletes(
    run: Run, done: str, files: FileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VOXHALL_KEEP_RESULTS_SECONDS", "86400")
    before = files.list("")
    refused = run("gc")
    assert (refused.exit_code, refused.stderr.count("\n")) == (1, 1)
    assert "`voxhall gc --adopt`" in refused.stderr, "half of the store is nobody's, and it has no mark"
    told = run("gc", "--adopt", "--dry-run").stdout
    assert "would be deleted" in told
    assert "files of nobody" in told
    dry = json.loads(run("gc", "--adopt", "--dry-run", "--json").stdout)
    assert files.list("") == before
    wet = json.loads(run("gc", "--adopt", "--json").stdout)
    assert (dry.pop("dry_run"), wet.pop("dry_run")) == (True, False)
    assert dry == wet
    assert dry["kinds"]["orphans"] == {"files": 1, "bytes": 5, "rows": 0}
    assert dry["kinds"]["results"] == {"files": 1, "bytes": 5, "rows": 1}
    assert files.list("jobs/") == [input_key(done, "audio")]
    assert "nothing to delete" in run("gc").stdout


def test_a_backup_is_restored_into_an_empty_folder(run: Run, done: str, tmp_path: Path) -> None:
    target = tmp_path / "kept" / "backup.tar"
    written = run("backup", str(target))
    assert "4 files" in written.stdout, "ledger, upload, result, and nobody's"
    assert "VOXHALL_SECRET_KEY" in written.stdout
    refused = run("restore", str(target))
    assert (refused.exit_code, refused.stderr.count("\n")) == (1, 1)
    assert "is not empty" in refused.stderr
    place = tmp_path / "place"
    assert "4 files" in run("restore", str(target), data_dir=place).stdout
    there = Settings(data_dir=place)
    assert open_files(there).get(result_key(done, "speech.mp3")) == b"sound"
    database = Database(there.ledger_url)
    assert Ledger(database).get(done).state == "succeeded"
    database.close()


@pytest.mark.parametrize("command", [["migrate"], ["api"], ["worker", "io"], ["gc"], ["keys", "list"]], ids=" ".join)
def test_a_newer_ledger_is_refused_by_every_process_with_one_line(
    run: Run, database: Database, command: list[str]
) -> None:
    with database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    answer = run(*command)
    assert answer.exit_code == 1
    assert answer.stderr.count("\n") == 1
    assert "newer Voxhall" in answer.stderr


@pytest.mark.parametrize("command", [["api"], ["worker", "io"], ["gc"]], ids=" ".join)
def test_an_older_ledger_is_to_be_migrated_first(run: Run, settings: Settings, command: list[str]) -> None:
    migrate(settings.ledger_url, to="0003")
    answer = run(*command)
    assert (answer.exit_code, answer.stderr.count("\n")) == (1, 1)
    assert "run `voxhall migrate` first" in answer.stderr
    assert run("migrate").exit_code == 0
    database = Database(settings.ledger_url)
    assert Keys(database).list() == []
    database.close()
