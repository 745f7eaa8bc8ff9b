"""Backups of a ledger and a store that go on being used, and what a server finds after they are restored."""

import hashlib
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select, text

from jobs import archives, backup
from jobs.copying import copy_in, copy_out
from jobs.database import Database, migrate
from jobs.errors import Conflict, InvalidRequest, NotFound, Unavailable, VoxhallError
from jobs.files import FileStore, input_key, open_files, result_key, segment_key, voice_key, work_key
from jobs.keys import Keys
from jobs.ledger import Job, Ledger
from jobs.links import open_links
from jobs.queue import connect
from jobs.schema import deliveries, metadata
from jobs.settings import Settings
from jobs.specs import SpeechSpec
from jobs.submit import submit
from jobs.voices import Voices
from jobs.webhooks import Webhook

HOOK = Webhook(url="https://example.org", form="standard", base_url="http://x")


@pytest.fixture
def served(settings: Settings, database: Database) -> Settings:
    """The settings of the server whose ledger `database` is."""
    connect(settings)
    return settings.model_copy(update={"database_url": database.engine.url.render_as_string(hide_password=False)})


@pytest.fixture
def elsewhere_settings(tmp_path: Path, redis_url: str) -> Settings:
    """Of another machine: nothing is there yet."""
    folder = tmp_path / "another"
    (folder / "tmp").mkdir(parents=True)
    return Settings(data_dir=folder, redis_url=redis_url)


@pytest.fixture
def used(ledger: Ledger, files: FileStore, key_id: str, served: Settings) -> dict[str, Job]:
    """A job that is done, one at work, one that waits; and a voice."""
    open_links(served)
    found = {}
    for name in ("done", "running", "queued"):
        spec = SpeechSpec(text=f"Zoë is {name}.", voice="af_heart")
        upload = {"audio": io.BytesIO(name.encode())}
        found[name] = submit(ledger, files, spec, key_id=key_id, dialect="voxhall", uploads=upload, webhook=HOOK)
        claim = ledger.claim("speech", "w", lease_seconds=600) if name != "queued" else None
        if claim and name == "done":
            key = result_key(found[name].id, "speech.mp3")
            files.put(key, b"spoken")
            ledger.finish(claim, {"file": key, "media_type": "audio/mpeg", "duration": 1.0})
    files.put(segment_key(found["running"].id, 0, 0), b"segment")
    files.put(voice_key("b" * 32, "reference.wav"), b"clip")
    Voices(ledger.database).add("b" * 32, key_id=key_id, name="A", kind="clone", shared=False, details={"a": [1]})
    return found


@pytest.mark.parametrize("name", ["backup", "backup.tar"])
def test_what_is_restored_goes_on_where_the_backup_was_made(
    served: Settings,
    elsewhere_settings: Settings,
    used: dict[str, Job],
    ledger: Ledger,
    key_id: str,
    tmp_path: Path,
    name: str,
) -> None:
    manifest = backup.back_up(served, tmp_path / name)
    ledger.cancel(used["queued"].id)  # too late for it
    assert backup.restore(elsewhere_settings, tmp_path / name) == manifest
    database = Database(elsewhere_settings.ledger_url)
    there, store = Ledger(database), open_files(elsewhere_settings)
    assert store.get(there.get(used["done"].id, key_id=key_id).file) == b"spoken"
    for _ in range(2):  # the one that was at work waits again, uncharged, with its segment
        claim = there.claim("speech", "w", lease_seconds=60, alone=False)
        assert claim
        assert store.get(input_key(claim.job_id, "audio"))
        assert there.finish(claim, {}) is None
    assert {there.get(job.id).state for job in used.values()} == {"succeeded"}
    assert store.get(segment_key(used["running"].id, 0, 0)) == b"segment"
    assert Voices(database).get("b" * 32).details == {"a": [1]}
    assert store.get(voice_key("b" * 32, "reference.wav")) == b"clip"
    assert open_links(elsewhere_settings).key(open_links(served).path("a/b", seconds=60).split("/")[2]) == "a/b"
    assert [key.id for key in Keys(database).list()] == [key_id]
    database.close()


def test_every_row_is_the_same_again(
    served: Settings, used: dict[str, Job], database: Database, tmp_path: Path, postgres_url: str
) -> None:
    """From either database into either."""
    copy_out(served.ledger_url, tmp_path / "copy.db")
    for url in (f"sqlite:///{tmp_path}/new.db", postgres_url):
        migrate(url)
        copy_in(tmp_path / "copy.db", url)
        other = Database(url)
        with database.read() as here, other.read() as there:
            for table in metadata.sorted_tables:
                rows, copied = (sorted(map(str, c.execute(select(table)).all())) for c in (here, there))
                if table.name == "steps":
                    assert len(rows) == len(copied) == len(used)
                else:
                    assert rows == copied, table.name
            assert there.execute(select(deliveries)).all()
        with pytest.raises(Unavailable, match="not empty"):
            copy_in(tmp_path / "copy.db", url)
        other.close()


def test_a_backup_amid_work_holds_a_whole_of_one_moment(
    served: Settings, elsewhere_settings: Settings, ledger: Ledger, files: FileStore, key_id: str, tmp_path: Path
) -> None:
    """Whatever is told as done has its file, and whatever is not, what it needs."""
    over, begun = threading.Event(), threading.Event()

    def work() -> None:
        while not over.is_set():
            spec = SpeechSpec(text="Hello.", voice="af_heart")
            upload = {"audio": io.BytesIO(b"upload")}
            job = submit(ledger, files, spec, key_id=key_id, dialect="voxhall", uploads=upload)
            claim = ledger.claim("speech", "w", lease_seconds=60)
            assert claim
            files.put(result_key(job.id, "speech.mp3"), b"spoken")
            ledger.finish(claim, {"file": result_key(job.id, "speech.mp3")})
            begun.set()

    worker = threading.Thread(target=work)
    worker.start()
    try:
        assert begun.wait(30)
        backup.back_up(served, tmp_path / "backup.tar")
    finally:
        over.set()
        worker.join(30)
    backup.restore(elsewhere_settings, tmp_path / "backup.tar")
    database, store = Database(elsewhere_settings.ledger_url), open_files(elsewhere_settings)
    found = Ledger(database).page(key_id=key_id, size=100_000).jobs
    assert any(job.done for job in found)
    for job in found:
        assert store.get(input_key(job.id, "audio")) == b"upload"
        assert not job.done or store.get(job.file) == b"spoken"
    database.close()


def test_only_an_empty_place_is_filled(
    served: Settings, elsewhere_settings: Settings, used: dict[str, Job], tmp_path: Path, postgres_url: str
) -> None:
    backup.back_up(served, tmp_path / "backup")
    with pytest.raises(Conflict, match="not empty"):
        backup.restore(served, tmp_path / "backup")
    migrate(postgres_url)
    taken = Database(postgres_url)
    Keys(taken).create("somebody")
    taken.close()
    with pytest.raises(Unavailable, match="not empty"):
        backup.restore(elsewhere_settings.model_copy(update={"database_url": postgres_url}), tmp_path / "backup")
    assert open_files(elsewhere_settings).list("") == []


def test_what_jobs_go_on_with_is_copied_before_all_else(
    served: Settings, used: dict[str, Job], files: FileStore, tmp_path: Path
) -> None:
    """It may be deleted as soon as they end."""
    files.put(work_key(used["running"].id, "source.wav"), b"fetched")
    names = list(backup.back_up(served, tmp_path / "backup.tar").files)
    needed = {f"files/{input_key(used[name].id, 'audio')}" for name in ("running", "queued")}
    needed.add(f"files/{work_key(used['running'].id, 'source.wav')}")
    assert set(names[: len(needed)]) == needed


def test_only_a_ledger_of_this_version_is_copied_from_postgresql(
    settings: Settings, postgres_url: str, tmp_path: Path
) -> None:
    there = settings.model_copy(update={"database_url": postgres_url})
    database = Database(postgres_url)

    def changed(statement: str) -> Callable[[], None]:
        def change() -> None:
            with database.write() as connection:
                connection.execute(text(statement))

        return change

    steps: list[tuple[Callable[[], None], str]] = [
        (lambda: None, "no ledger yet"),
        (lambda: migrate(postgres_url, to="0005"), "older than this Voxhall"),
        (lambda: migrate(postgres_url), ""),
        (changed("ALTER TABLE jobs DROP COLUMN trace"), "cannot be copied: .*trace"),
        (changed("UPDATE alembic_version SET version_num = '9999'"), "newer Voxhall"),
    ]
    for step, message in steps:
        step()
        if message:
            with pytest.raises(Unavailable, match=message) as caught:
                backup.back_up(there, tmp_path / "refused")
            assert "\n" not in caught.value.message
    database.close()
    assert not list(tmp_path.glob("refused*"))


def put_into(folder: Path, name: str, data: bytes) -> None:
    """A file with all that the backup tells of it, as whoever wants to harm would do it."""
    manifest = json.loads((folder / "backup.json").read_text())
    manifest["files"][name] = {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    (folder / "backup.json").write_text(json.dumps(manifest))
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)


@pytest.fixture
def made(settings: Settings, new_ledger: Path, tmp_path: Path) -> Path:
    """A folder with a backup."""
    shutil.copy(new_ledger, settings.data_dir / "ledger.db")
    open_links(settings)
    backup.back_up(settings, tmp_path / "backup")
    return tmp_path / "backup"


def test_a_newer_ledger_is_refused_before_anything_is_written(made: Path, elsewhere_settings: Settings) -> None:
    database = Database(f"sqlite:///{made}/ledger.db")
    with database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    database.close()
    put_into(made, "ledger.db", (made / "ledger.db").read_bytes())
    put_into(made, "files/voices/a", b"?")
    with pytest.raises(Unavailable, match="newer Voxhall"):
        backup.restore(elsewhere_settings, made)
    assert open_files(elsewhere_settings).list("") == []


def test_a_restore_that_is_broken_off_leaves_no_ledger(made: Path, elsewhere_settings: Settings) -> None:
    put_into(made, "files/voices/a", b"?")
    put_into(made, "files/voices/b/c", b"?")
    with tarfile.open(made.with_suffix(".tar"), "w") as tar:
        for name in ("ledger.db", "secret", "files/voices/a"):
            tar.add(made / name, name)
        tar.add(made / "files/voices/b/c", "files/voices/a/b")
        manifest = (made / "backup.json").read_text().replace("voices/b/c", "voices/a/b")
        (made / "backup.json").write_text(manifest)
        tar.add(made / "backup.json", "backup.json")
    with pytest.raises(Unavailable, match="file store"):
        backup.restore(elsewhere_settings, made.with_suffix(".tar"))  # no store has a file and a folder of one name
    assert sorted(path.name for path in elsewhere_settings.data_dir.iterdir()) == ["files", "tmp"]


Spoil = Callable[[Path], None]


def change(name: str) -> Spoil:
    def spoil(folder: Path) -> None:
        (folder / name).write_bytes(b"?")

    return spoil


def lose(name: str) -> Spoil:
    return lambda folder: (folder / name).unlink()


def rename(new: str) -> Spoil:
    def spoil(folder: Path) -> None:
        manifest = json.loads((folder / "backup.json").read_text())
        manifest["files"][new] = manifest["files"].pop("secret")
        (folder / "backup.json").write_text(json.dumps(manifest))

    return spoil


@pytest.mark.parametrize(
    "spoil",
    [
        change("ledger.db"),
        change("secret"),
        change("backup.json"),
        lose("secret"),
        lose("backup.json"),
        rename("../../x"),
        lambda folder: put_into(folder, "files/../secret2", b"?"),
        rename("files//x"),
        rename("files/x\0"),
    ],
    ids=["ledger", "secret", "manifest", "lost", "no manifest", "outside", "hostile", "nameless", "NUL"],
)
def test_a_damaged_backup_is_refused_and_nothing_is_written(
    made: Path, elsewhere_settings: Settings, spoil: Spoil
) -> None:
    spoil(made)
    with pytest.raises((InvalidRequest, NotFound)):
        backup.restore(elsewhere_settings, made)
    assert [path.name for path in elsewhere_settings.data_dir.iterdir()] == ["tmp"]


def test_a_name_is_never_written_over_and_nothing_half_stays(
    settings: Settings, new_ledger: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(VoxhallError, match="no ledger yet"):
        backup.back_up(settings, tmp_path / "backup.tar")
    assert not list(tmp_path.glob("backup*"))
    shutil.copy(new_ledger, settings.data_dir / "ledger.db")
    backup.back_up(settings, tmp_path / "backup.tar")
    with pytest.raises(Conflict, match="there already"):
        backup.back_up(settings, tmp_path / "backup.tar")
    with pytest.raises(InvalidRequest, match=r"\.tar"):
        backup.back_up(settings, tmp_path / "backup.zip")
    with tarfile.open(tmp_path / "backup.tar") as tar:
        assert {member.mode for member in tar} == {0o600}


def test_what_a_killed_backup_left_is_replaced_and_nothing_else_is(made: Path, settings: Settings) -> None:
    target = made.with_name("again.tar")
    killed = (
        "import os, signal, sys; from pathlib import Path; from jobs.archives import written\n"
        "with written(Path(sys.argv[1])): os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    ended = subprocess.run([sys.executable, "-c", killed, target], check=False)
    assert ended.returncode == -signal.SIGKILL
    partial = target.with_name("again.tar.partial")
    assert (partial / "again.tar").exists()
    backup.back_up(settings, target)
    assert not partial.exists()
    partial.mkdir()
    (partial / "mine").touch()
    target.unlink()
    with pytest.raises(Conflict, match="there already"):
        backup.back_up(settings, target)
    assert (partial / "mine").exists()


def test_two_backups_of_one_name_do_not_disturb_each_other(tmp_path: Path) -> None:
    target = tmp_path / "backup"
    with archives.written(target) as writer:
        with pytest.raises(Conflict, match="Another"), archives.written(target):
            pass
        with Path(__file__).open("rb") as file:
            writer.add("a", file)
    assert [path.name for path in tmp_path.glob("backup*")] == ["backup"]
    assert (target / "a").read_bytes() == Path(__file__).read_bytes()


@pytest.mark.parametrize("name", ["kept", "kept.tar"])
def test_a_backup_is_on_the_disk_before_it_has_its_name(
    settings: Settings, made: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    target = made.with_name(name)
    written: set[str] = set()
    sync = os.fsync

    def told(number: int) -> None:
        sync(number)
        written.add(("after " if target.exists() else "") + Path(f"/proc/self/fd/{number}").readlink().name)

    monkeypatch.setattr(os, "fsync", told)
    backup.back_up(settings, target)
    inside = {path.name for path in target.rglob("*")} if target.is_dir() else set()
    assert inside | {name, f"after {target.parent.name}"} <= written


def test_what_is_no_backup_is_said_so(elsewhere_settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "text.tar").write_text("no backup")
    for name in ("text.tar", "another"):
        with pytest.raises(NotFound):
            backup.restore(elsewhere_settings, tmp_path / name)
