"""Retention and both directions of the orphan sweep, on real files and both databases. Each is asked an hour later."""

import os
import time
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from obstore.store import MemoryStore
from sqlalchemy import insert, select, update

from jobs import sweeping
from jobs.consents import Consent, Consents
from jobs.database import Database
from jobs.entries import Place
from jobs.errors import Expired, NotFound, Unavailable
from jobs.files import (
    FileStore,
    consent_key,
    input_key,
    job_prefix,
    result_key,
    segment_key,
    voice_key,
    voice_prefix,
    words_key,
    work_key,
)
from jobs.keys import Keys
from jobs.ledger import Job, Ledger
from jobs.queue import connect
from jobs.repeats import Once, look, take
from jobs.retention import HOUR, Keep, Kind
from jobs.schema import batches, deliveries, keys, repeats, steps, usage
from jobs.schema import jobs as jobs_table
from jobs.settings import Settings
from jobs.specs import AnySpec, ChangeSpec, CloneSpec, EnrolmentSpec, SpeechSpec, VoiceSpec
from jobs.sweeping import Sweeper, Tally
from jobs.voices import Voices
from jobs.webhooks import Webhook

DAY = 86_400.0
Add = Callable[..., Job]
Sweep = Callable[..., Tally]


@pytest.fixture(autouse=True)
def _broker(settings: Settings) -> None:
    """What is announced wakes somebody."""
    connect(settings)


@pytest.fixture
def add(ledger: Ledger, key_id: str) -> Add:
    def accepted(spec: AnySpec | None = None, **more: Any) -> Job:
        spec = spec or SpeechSpec(text="Hello.", voice="af_heart")
        usual: dict[str, Any] = {"job_id": uuid.uuid4().hex, "dialect": "voxhall", "interactive": False}
        return ledger.add(spec=spec, key_id=key_id, **usual | more)

    return accepted


@pytest.fixture
def sweep(ledger: Ledger, files: FileStore, key_id: str) -> Sweep:
    """The whole way around, some seconds from now, in a store that is known as the ledger's."""
    files.put("ledger", key_id.encode())

    def swept(keep: Keep | None = None, *, after: float = HOUR + 60, act: bool = True) -> Tally:
        return Sweeper(ledger, files, keep or Keep(), act=act, ahead=after).all()

    return swept


def succeeded(job: Job, ledger: Ledger, files: FileStore) -> Job:
    """With files of every sort."""
    parts = (segment_key(job.id, 0, 0), words_key(job.id, 0, 0), work_key(job.id, "x"), input_key(job.id, "reference"))
    for key in (input_key(job.id, "audio"), *parts, result_key(job.id, "speech.mp3")):
        files.put(key, b"sound")
    claim = ledger.claim(job.spec.queues[0], "w", lease_seconds=60)
    assert claim
    assert claim.job_id == job.id
    ledger.finish(claim, {"file": result_key(job.id, "speech.mp3"), "media_type": "audio/mpeg", "duration": 1.0})
    return job


def rows(tally: Tally) -> dict[Kind, int]:
    return {kind: count.rows for kind, count in tally.counts.items() if count.rows}


def counted(tally: Tally) -> dict[Kind, tuple[int, int, int]]:
    return {kind: (count.files, count.bytes, count.rows) for kind, count in tally.counts.items()}


def test_what_nobody_needs_any_more_goes_and_all_else_stays(
    add: Add, ledger: Ledger, files: FileStore, sweep: Sweep
) -> None:
    job = succeeded(add(), ledger, files)
    running = add()
    files.put(segment_key(running.id, 0, 0), b"sound")
    assert not sweep(after=60).counts
    assert len(files.list(job_prefix(job.id))) == 6
    dry = sweep(act=False)
    assert len(files.list(job_prefix(job.id))) == 6
    assert counted(sweep()) == counted(dry) == {"segments": (3, 15, 0), "uploads": (1, 5, 0)}
    assert files.list(job_prefix(job.id)) == [input_key(job.id, "audio"), result_key(job.id, "speech.mp3")]
    assert files.list(job_prefix(running.id))
    assert not sweep(after=400 * DAY).counts, "by default what a job has is kept"


def test_segments_go_within_a_round_and_not_with_the_way_around(add: Add, ledger: Ledger, files: FileStore) -> None:
    sweeper = Sweeper(ledger, files, Keep(segments=0))
    for _ in range(2):
        job = succeeded(add(), ledger, files)
        sweeper.after_jobs()
        assert files.list(job_prefix(job.id)) == [input_key(job.id, "audio"), result_key(job.id, "speech.mp3")]


def test_of_many_that_ended_none_is_left_out(
    add: Add, ledger: Ledger, files: FileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeping, "DUE", 2)
    for _ in range(5):
        succeeded(add(), ledger, files)
    sweeper = Sweeper(ledger, files, Keep(segments=0))
    for _ in range(4):
        sweeper.after_jobs()
    assert len(files.list("jobs/")) == 10


@pytest.mark.parametrize("spec", [CloneSpec(text="Hello."), ChangeSpec(), EnrolmentSpec(name="A", consent=True)])
def test_of_a_voice_that_came_to_nothing_no_recording_stays(
    add: Add, ledger: Ledger, files: FileStore, spec: AnySpec
) -> None:
    job = add(spec)
    for key in (input_key(job.id, "audio"), input_key(job.id, "reference"), work_key(job.id, "reference.wav")):
        files.put(key, b"sound")
    ledger.cancel(job.id)
    Sweeper(ledger, files, Keep(segments=0)).after_jobs()
    assert files.list("jobs/") == []


def test_a_job_that_saved_a_voice_is_forgotten_and_the_voice_stays(
    add: Add, ledger: Ledger, files: FileStore, sweep: Sweep
) -> None:
    job = add(EnrolmentSpec(name="Ann", consent=True))
    claim = ledger.claim("transcription", "w", lease_seconds=60)
    assert claim
    files.put(voice_key(job.id, "reference.wav"), b"clip")
    Voices(ledger.database).add(job.id, key_id=job.key_id, name="Ann", kind="clone", shared=False, details={})
    ledger.finish(claim, {"voice": job.id})
    assert rows(sweep(Keep(results=60), after=HOUR - 60)) == {}, "it has no result file that could expire"
    assert rows(sweep()) == {"jobs": 1}
    with pytest.raises(NotFound):
        ledger.get(job.id)
    assert files.list("voices/") == [voice_key(job.id, "reference.wav")]


def test_uploads_go_when_their_time_is_over(add: Add, ledger: Ledger, files: FileStore, sweep: Sweep) -> None:
    job = succeeded(add(), ledger, files)
    assert counted(sweep(Keep(uploads=DAY), after=DAY - 60))["uploads"] == (1, 5, 0), "the reference alone"
    assert counted(sweep(Keep(uploads=DAY), after=DAY + 60)) == {"uploads": (1, 5, 0)}
    assert files.list(job_prefix(job.id)) == [result_key(job.id, "speech.mp3")]


def test_a_job_without_its_results_says_so_and_can_be_asked_for_anew(
    add: Add, ledger: Ledger, files: FileStore, sweep: Sweep, key_id: str
) -> None:
    once = Once(key_id, "word", "digest", 100 * 86_400)
    job = succeeded(add(once=once), ledger, files)
    assert look(ledger.database, once) == job.id
    assert sweep(Keep(results=DAY, repeats=9 * DAY), after=DAY + 60).counts["results"].rows == 1
    told = ledger.get(job.id)
    assert (told.state, told.result) == ("succeeded", {"media_type": "audio/mpeg", "duration": 1.0})
    assert told.expired_at
    with pytest.raises(Expired):
        _ = told.file
    assert files.list(job_prefix(job.id)) == [input_key(job.id, "audio")]
    assert look(ledger.database, once) is None


def test_a_job_goes_with_its_files_its_steps_and_its_announcements(
    add: Add, ledger: Ledger, files: FileStore, sweep: Sweep, database: Database
) -> None:
    told = succeeded(
        add(webhook=Webhook(url="https://example.org", form="standard", base_url="http://x")), ledger, files
    )
    keep = Keep(jobs=DAY)
    assert sweep(keep, after=DAY - 60).counts.get("jobs") is None
    assert rows(sweep(keep, after=DAY + 60)) == {}, "it is not announced yet"
    with database.write() as connection:
        connection.execute(update(deliveries).values(state="delivered"))
    dry = sweep(keep, after=DAY + 60, act=False)
    assert counted(sweep(keep, after=DAY + 60)) == counted(dry) == {"jobs": (2, 10, 1)}
    with pytest.raises(NotFound):
        ledger.get(told.id)
    with database.read() as connection:
        assert [connection.execute(select(table)).all() for table in (steps, deliveries)] == [[], []]
    assert files.list("jobs/") == []


def test_what_a_killed_sweep_left_the_next_one_deletes(
    add: Add, ledger: Ledger, files: FileStore, sweep: Sweep, database: Database
) -> None:
    """Results are first marked and then deleted, jobs first forgotten."""
    marked, forgotten = (succeeded(add(), ledger, files) for _ in range(2))
    sweep()
    with database.write() as connection:
        connection.execute(update(jobs_table).where(jobs_table.c.id == marked.id).values(expired_at=1.0))
    ledger.delete(forgotten.id)
    assert counted(sweep(Keep(results=HOUR))) == {"results": (1, 5, 0), "orphans": (2, 10, 0)}
    assert files.list("jobs/") == [input_key(marked.id, "audio")]


def test_a_batch_goes_when_all_its_jobs_may(add: Add, ledger: Ledger, sweep: Sweep, key_id: str) -> None:
    batch = {"id": "b" * 32, "key_id": key_id, "dialect": "ttsai", "total": 2, "refused": {}, "created_at": 1.0}
    with ledger.database.write() as connection:
        connection.execute(insert(batches).values(**batch))
    first, second = (add(batch=Place("b" * 32, place)) for place in range(2))
    ledger.cancel(first.id)
    assert rows(sweep(Keep(jobs=DAY), after=2 * DAY)) == {}, "the other one still waits"
    ledger.cancel(second.id)
    dry = sweep(Keep(jobs=DAY), after=2 * DAY, act=False)
    assert rows(sweep(Keep(jobs=DAY), after=2 * DAY)) == rows(dry) == {"jobs": 2, "batches": 1}


def test_usage_repeats_and_embeddings_have_their_time(
    ledger: Ledger, files: FileStore, sweep: Sweep, key_id: str
) -> None:
    with ledger.database.write() as connection:
        for day in ("2020-01-01", time.strftime("%Y-%m-%d", time.gmtime(time.time() + 3 * DAY))):
            counts = dict.fromkeys(("jobs", "characters", "audio_seconds", "device_seconds", "credits"), 1)
            connection.execute(insert(usage).values(key_id=key_id, day=day, kind="speech", **counts))
        take(connection, Once(key_id, "word", "digest", 60), "a" * 32)
    voices = Voices(ledger.database)
    for voice_id, kind in (("a" * 32, "embedding"), ("b" * 32, "clone")):
        voices.add(voice_id, key_id=key_id, name=kind, kind=kind, shared=False, details={})
        files.put(voice_key(voice_id, "reference.wav"), b"sound")
    keep = Keep(usage_days=3, repeats=DAY, embeddings=DAY)
    dry = sweep(keep, after=3 * DAY, act=False)
    assert files.list("voices/") == [voice_key(letter * 32, "reference.wav") for letter in "ab"]
    assert counted(sweep(keep, after=3 * DAY)) == counted(dry)
    assert counted(dry) == {"usage": (0, 0, 1), "repeats": (0, 0, 1), "embeddings": (1, 5, 1)}
    assert files.list("voices/") == [voice_key("b" * 32, "reference.wav")]
    with ledger.database.read() as connection:
        assert connection.execute(select(repeats)).all() == []
        assert len(connection.execute(select(usage)).all()) == 1


def test_files_without_a_row_go_and_nothing_younger_than_an_hour(
    add: Add, ledger: Ledger, files: FileStore, sweep: Sweep, key_id: str
) -> None:
    ids = {"nobody": "a" * 32, "listed": "b" * 32, "coming": "c" * 32, "canceled": "d" * 32}
    Voices(ledger.database).add(ids["listed"], key_id=key_id, name="A", kind="rvc", shared=False, details={})
    for name in ("coming", "canceled"):
        add(VoiceSpec(name=name), job_id=ids[name])
    ledger.cancel(ids["canceled"])
    with ledger.database.write() as connection:  # of a version to come
        connection.execute(update(jobs_table).where(jobs_table.c.id == ids["coming"]).values(spec={"kind": "?"}))
    for voice_id in ids.values():
        files.put(voice_key(voice_id, "voice.safetensors"), b"weights")
    Consents(ledger.database).add(Consent("e" * 32, key_id, "Anna", "en", {}, 1.0))
    for consent in ("e" * 32, "f" * 32):
        files.put(consent_key(consent), b"I agree.")
    files.put(input_key("0" * 32, "audio"), b"upload")
    assert not sweep(after=60).counts
    assert counted(sweep()) == {"orphans": (4, 28, 0), "jobs": (0, 0, 1)}
    assert {name for name, voice_id in ids.items() if files.list(voice_prefix(voice_id))} == {"listed", "coming"}
    assert files.list("consents/") == [consent_key("e" * 32)]
    assert files.list("jobs/") == []


def test_what_a_killed_process_left_of_a_write_goes(add: Add, files: FileStore, sweep: Sweep) -> None:
    """No listing of the store shows it."""
    job = add()
    files.put(input_key(job.id, "audio"), b"upload")
    assert files.root
    half = files.root / f"{input_key(job.id, 'audio')}#1"
    half.write_bytes(b"uplo")
    assert not sweep(after=60).counts
    assert counted(sweep()) == {"orphans": (1, 4, 0)}
    assert not half.exists()
    assert files.list("jobs/") == [input_key(job.id, "audio")]


def test_rows_without_files_are_told_of(add: Add, ledger: Ledger, files: FileStore, sweep: Sweep, key_id: str) -> None:
    kept, lost = (succeeded(add(), ledger, files) for _ in range(2))
    files.remove(result_key(lost.id, "speech.mp3"))
    Voices(ledger.database).add("b" * 32, key_id=key_id, name="A", kind="rvc", shared=False, details={})
    Consents(ledger.database).add(Consent("e" * 32, key_id, "Anna", "en", {}, time.time()))
    assert rows(sweep(after=60)) == {}
    assert rows(sweep()) == {"lost_results": 1, "lost_voices": 1, "lost_consents": 1}
    assert ledger.get(lost.id).expired_at
    assert not ledger.get(kept.id).expired_at
    assert Voices(ledger.database).get("b" * 32), "it is reported, and nothing more"


def test_a_result_that_is_there_again_is_served_again(add: Add, ledger: Ledger, files: FileStore, sweep: Sweep) -> None:
    _, lost = (succeeded(add(), ledger, files) for _ in range(2))
    files.remove(result_key(lost.id, "speech.mp3"))
    sweep()
    assert ledger.get(lost.id).expired_at
    files.put(result_key(lost.id, "speech.mp3"), b"sound")
    assert rows(sweep(act=False)) == rows(sweep()) == {"found_results": 1}
    assert ledger.get(lost.id).file == result_key(lost.id, "speech.mp3")
    assert sweep(Keep(results=HOUR)).counts["results"].rows == 2
    assert rows(sweep()) == {}


@pytest.mark.parametrize("remote", [False, True], ids=["folder", "bucket"])
def test_the_way_around_is_walked_in_pieces(
    add: Add, ledger: Ledger, files: FileStore, remote: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = FileStore(MemoryStore()) if remote else files
    monkeypatch.setattr(sweeping, "FOLDERS", 2)
    waiting = [add(job_id=f"{letter}0" * 16) for letter in "0369c"]
    orphans = [f"{letter}5" * 16 for letter in "1478f"]
    for job_id in (*orphans, *(job.id for job in waiting[1:])):
        for name in ("audio", "index"):
            store.put(input_key(job_id, name), b"upload")
    store.put(consent_key("a" * 32), b"upload")
    assert counted(Sweeper(ledger, store, Keep(), act=False, adopt=True, ahead=2 * HOUR).all()) == {
        "orphans": (11, 66, 0)
    }, "nothing is counted twice, however long each shelf is"
    sweeper = Sweeper(ledger, store, Keep(), adopt=True, ahead=2 * HOUR)
    for _ in range(2):
        sweeper.round()
    assert len(store.list("jobs/")) > 8, "a piece a round"
    for _ in range(8):
        sweeper.round()
    assert counted(sweeper.tally) == {"orphans": (11, 66, 0)}
    assert {key.split("/")[1] for key in store.list("jobs/")} == {job.id for job in waiting[1:]}


def test_another_ledgers_files_are_never_swept(
    add: Add, ledger: Ledger, files: FileStore, sweep: Sweep, key_id: str
) -> None:
    files.put(input_key("0" * 32, "audio"), b"upload")
    files.put("ledger", b"another's key")
    with pytest.raises(Unavailable, match="belongs to another ledger"):
        sweep()
    with ledger.database.write() as connection:
        connection.execute(update(keys).values(created_at=2.0))
    key, _ = Keys(ledger.database).create("made when a clock was set back")
    with ledger.database.write() as connection:
        connection.execute(update(keys).where(keys.c.id == key.id).values(created_at=1.0))
    files.put("ledger", key_id.encode())
    assert counted(sweep()) == {"orphans": (1, 6, 0)}


def test_a_new_ledger_takes_no_store_that_others_have_filled(
    add: Add, ledger: Ledger, files: FileStore, key_id: str
) -> None:
    Sweeper(ledger, files, Keep(), act=False).all()
    assert files.list("") == [], "to look leaves nothing"
    full = [input_key("0" * 32, "audio"), voice_key("1" * 32, "reference.wav"), consent_key("2" * 32)]
    for key in full:
        files.put(key, b"sound")
    add(job_id="0" * 32)
    for ahead in (0, 2 * HOUR):
        with pytest.raises(Unavailable, match=r"does not know, so nothing is swept\..*`voxhall gc --adopt`"):
            Sweeper(ledger, files, Keep(), ahead=ahead).all()
    assert set(files.list("")) == set(full)
    for act in (False, True):
        told = Sweeper(ledger, files, Keep(), act=act, adopt=True, ahead=2 * HOUR).all()
        assert counted(told) == {"orphans": (2, 10, 0)}
    assert (files.list("jobs/"), files.get("ledger").decode()) == (full[:1], key_id)


def test_a_ledger_of_which_an_older_copy_came_back_deletes_none_of_what_it_has_forgotten(
    add: Add, ledger: Ledger, files: FileStore, sweep: Sweep, key_id: str
) -> None:
    """It has the keys of the mark, and the files are of its own."""
    for number in range(9):
        files.put(input_key(add().id, "audio"), b"upload")
        files.put(input_key(f"{number:032}", "audio"), b"upload")
    for number in range(2):
        files.put(input_key(f"{number:032}", "index"), b"upload")
        files.put(voice_key(f"{number:032}", "reference.wav"), b"upload")
    before = files.list("")
    for number in range(90, 93):
        files.put(input_key(f"{number:032}", "audio"), b"upload")
    for act in (True, False):
        with pytest.raises(Unavailable, match="nothing of 12 of 21 folders"):
            sweep(act=act)
    assert set(before) < set(files.list(""))
    Sweeper(ledger, files, Keep(), adopt=True, ahead=2 * HOUR).all()
    assert len(files.list("jobs/")) == 9
    assert not sweep().counts


def test_what_cannot_be_deleted_holds_up_nothing_else(
    add: Add, ledger: Ledger, files: FileStore, sweep: Sweep, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here a file of a name that the store takes for none."""
    monkeypatch.setattr(sweeping, "DUE", 2)
    assert files.root
    first, second, third = (succeeded(add(), ledger, files) for _ in range(3))
    stuck = files.root / segment_key(first.id, 0, 0)
    stuck.rename(stuck.with_name("0\n"))
    files.put(input_key("0" * 32, "audio"), b"upload")
    sweeper = Sweeper(ledger, files, Keep(segments=0))
    for _ in range(3):
        sweeper.after_jobs()
    assert [len(files.list(job_prefix(job.id))) for job in (second, third)] == [2, 2]
    tally = sweep()
    assert (tally.failed, tally.counts["orphans"].files) == (1, 1)
    monkeypatch.setattr(sweeping, "IN_A_ROW", 1)
    with pytest.raises(Unavailable):
        sweep()


def test_a_job_that_has_the_id_of_one_that_is_forgotten_keeps_its_files(
    add: Add, ledger: Ledger, files: FileStore, sweep: Sweep
) -> None:
    """A preview is spoken anew in between: its id comes of what it says."""
    job = succeeded(add(), ledger, files)
    with ledger.database.write() as connection:
        connection.execute(update(jobs_table).values(finished_at=time.time() - 2 * DAY))
    assert files.root
    *old, new = files.list(job_prefix(job.id))
    for key in old:
        os.utime(files.root / key, (time.time() - 3 * DAY,) * 2)
    assert counted(sweep(Keep(jobs=DAY), after=0)) == {"jobs": (5, 25, 1)}
    assert files.list("jobs/") == [new]


def test_a_box_whose_clock_is_wrong_deletes_nothing_young(
    add: Add, ledger: Ledger, files: FileStore, sweep: Sweep, monkeypatch: pytest.MonkeyPatch
) -> None:
    files.put(input_key("0" * 32, "audio"), b"upload")
    job = succeeded(add(), ledger, files)
    later = time.time() + 2 * DAY
    monkeypatch.setattr(time, "time", lambda: later)
    tally = sweep(after=60)
    assert "orphans" not in tally.counts
    if ledger.database.engine.dialect.name == "postgresql":  # SQLite has the box's own clock
        assert len(files.list(job_prefix(job.id))) == 6


def test_a_clock_that_is_set_back_does_not_stop_it(add: Add, ledger: Ledger, files: FileStore) -> None:
    sweeper = Sweeper(ledger, files, Keep(segments=0), ahead=9 * DAY)
    sweeper.after_jobs()
    job = succeeded(add(), ledger, files)
    sweeper.ahead = 0
    sweeper.after_jobs()
    assert len(files.list(job_prefix(job.id))) == 2


def test_jobs_that_were_counted_wrong_are_counted_anew(add: Add, ledger: Ledger, sweep: Sweep, key_id: str) -> None:
    """As where an older Voxhall ran beside this one. Nothing else would ever mend it."""
    waiting, canceled = add(), add()
    other, _ = Keys(ledger.database).create("another")

    def noted() -> dict[str, int]:
        with ledger.database.read() as connection:
            return {row.id: row.unfinished for row in connection.execute(select(keys))}

    with ledger.database.write() as connection:
        connection.execute(update(keys).values(unfinished=0))
        connection.execute(update(keys).where(keys.c.id == other.id).values(unfinished=7))
    ledger.cancel(canceled.id)
    assert noted()[key_id] == 0, "not below"
    sweep()
    assert noted() == {key_id: 1, other.id: 0}
    ledger.cancel(waiting.id)
    assert noted() == {key_id: 0, other.id: 0}


def test_a_store_that_was_changed_by_mistake_expires_no_results(
    add: Add, ledger: Ledger, files: FileStore, key_id: str
) -> None:
    job = succeeded(add(), ledger, files)
    wrong = FileStore(MemoryStore())
    sweeper = Sweeper(ledger, wrong, Keep(), ahead=2 * HOUR)
    sweeper.after_jobs()
    for mark in (None, key_id):
        if mark:
            wrong.put("ledger", mark.encode())
        with pytest.raises(Unavailable, match="none of the ledger's newest results"):
            sweeper.round()
    assert not ledger.get(job.id).expired_at
    Sweeper(ledger, files, Keep(), ahead=2 * HOUR).all()
    assert files.get("ledger").decode() == job.key_id
