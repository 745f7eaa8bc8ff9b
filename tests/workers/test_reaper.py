import threading
import time

import pytest
from kombu.exceptions import KombuError
from redis.exceptions import RedisError
from sqlalchemy import update

from jobs import queue
from jobs.consents import Consent, Consents
from jobs.database import Database
from jobs.errors import NotFound
from jobs.files import (
    CONSENTS,
    FileStore,
    consent_key,
    input_key,
    result_key,
    segment_key,
    voice_key,
    voice_prefix,
    words_key,
    work_key,
)
from jobs.ledger import Job, Ledger
from jobs.schema import jobs as jobs_table
from jobs.specs import AnySpec, ChangeSpec, CloneSpec, EnrolmentSpec, VoiceSpec
from jobs.voices import Voices
from tests.workers.conftest import AddJob
from workers.reaper import Reaper


@pytest.fixture
def reaper(ledger: Ledger, files: FileStore) -> Reaper:
    return Reaper(ledger=ledger, files=files, segment_seconds=3600, embedding_seconds=86_400)


def test_a_step_of_a_silent_worker_goes_back_with_a_wake_up(reaper: Reaper, add_job: AddJob, ledger: Ledger) -> None:
    job = add_job()
    dead = ledger.claim("speech", "dead", lease_seconds=0.01)
    assert dead
    time.sleep(0.02)
    reaper.tend()
    assert queue.messages()["speech"] == 1
    again = ledger.claim("speech", "alive", lease_seconds=60)
    assert again
    assert (again.job_id, again.alone) == (job.id, True)
    assert ledger.renew([dead], lease_seconds=60) == [dead]


def test_a_step_of_a_living_worker_stays(reaper: Reaper, add_job: AddJob, ledger: Ledger) -> None:
    add_job()
    held = ledger.claim("speech", "alive", lease_seconds=60)
    assert held
    reaper.tend()
    assert ledger.renew([held], lease_seconds=60) == []
    assert queue.messages()["speech"] == 0


def test_lost_wake_ups_are_made_up_for_and_never_doubled(reaper: Reaper, add_job: AddJob) -> None:
    for _ in range(3):
        add_job()
    queue.wake("speech")
    for _ in range(3):
        reaper.tend()
        assert {name: count for name, count in queue.messages().items() if count} == {"speech": 3}


def test_more_wake_ups_than_steps_do_no_harm(reaper: Reaper, add_job: AddJob) -> None:
    add_job()
    for _ in range(4):
        queue.wake("speech")
    reaper.tend()
    assert queue.messages()["speech"] == 4


def finished(job: Job, ledger: Ledger, files: FileStore) -> Job:
    parts = (segment_key(job.id, 0, 0), words_key(job.id, 0, 0), work_key(job.id, "x"), input_key(job.id, "reference"))
    for key in (input_key(job.id, "audio"), *parts, result_key(job.id, "speech.mp3")):
        files.put(key, b"sound")
    held = ledger.claim("speech", "w", lease_seconds=60)
    assert held
    assert held.job_id == job.id
    ledger.finish(held, {})
    return job


def test_segments_are_swept_when_their_time_has_come_and_nothing_else(
    add_job: AddJob, ledger: Ledger, files: FileStore
) -> None:
    job = finished(add_job(), ledger, files)
    Reaper(ledger=ledger, files=files, segment_seconds=3600, embedding_seconds=86_400).tend()
    assert files.get(segment_key(job.id, 0, 0)) == b"sound"
    reaper = Reaper(ledger=ledger, files=files, segment_seconds=0, embedding_seconds=86_400)
    reaper.tend()
    kept = [input_key(job.id, "audio"), result_key(job.id, "speech.mp3")]
    assert files.list("jobs/") == kept
    reaper.tend()
    assert files.list("jobs/") == kept
    later = finished(add_job(), ledger, files)
    reaper.tend()
    assert files.list(f"jobs/{later.id}/") == [input_key(later.id, "audio"), result_key(later.id, "speech.mp3")]


def test_segments_of_a_running_job_stay(add_job: AddJob, ledger: Ledger, files: FileStore) -> None:
    job = add_job()
    files.put(segment_key(job.id, 0, 0), b"sound")
    assert ledger.claim("speech", "w", lease_seconds=60)
    Reaper(ledger=ledger, files=files, segment_seconds=0, embedding_seconds=86_400).tend()
    assert files.get(segment_key(job.id, 0, 0)) == b"sound"


def test_a_cancelled_job_loses_its_segments_too(add_job: AddJob, ledger: Ledger, files: FileStore) -> None:
    job = add_job()
    files.put(segment_key(job.id, 0, 0), b"sound")
    ledger.cancel(job.id)
    Reaper(ledger=ledger, files=files, segment_seconds=0, embedding_seconds=86_400).tend()
    assert files.list("jobs/") == []


@pytest.mark.parametrize("spec", [CloneSpec(text="Hello."), ChangeSpec(), EnrolmentSpec(name="A", consent=True)])
def test_of_a_voice_that_came_to_nothing_no_recording_stays(
    add_job: AddJob, ledger: Ledger, files: FileStore, spec: AnySpec
) -> None:
    """Its worker died, or it had none yet."""
    job = add_job(spec)
    for key in (input_key(job.id, "audio"), input_key(job.id, "reference"), work_key(job.id, "reference.wav")):
        files.put(key, b"sound")
    ledger.cancel(job.id)
    Reaper(ledger=ledger, files=files, segment_seconds=0, embedding_seconds=86_400).tend()
    assert files.list("jobs/") == []


def test_without_a_broker_it_fails_as_its_thread_expects(reaper: Reaper, add_job: AddJob) -> None:
    add_job()
    queue.app.conf.broker_url = "redis://127.0.0.1:1"
    with pytest.raises((KombuError, RedisError)):
        reaper.tend()


def test_it_survives_whatever_is_out_of_order(reaper: Reaper, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file store that is away for a while must not end the recovery of leases for good."""
    third, rounds = threading.Event(), []

    def broken() -> None:
        rounds.append(1)
        if len(rounds) == 3:
            third.set()
        raise OSError("the bucket is away")

    monkeypatch.setattr("workers.reaper.EVERY", 0.01)
    monkeypatch.setattr(reaper, "tend", broken)
    stopping = threading.Event()
    reaper.begin(stopping)
    assert third.wait(10)
    stopping.set()


def test_files_of_nobody_s_voice_go_and_those_of_voices_and_of_open_jobs_stay(
    reaper: Reaper, ledger: Ledger, files: FileStore, key_id: str
) -> None:
    ids = {"nobody": "a" * 32, "listed": "b" * 32, "coming": "c" * 32, "canceled": "d" * 32}
    Voices(ledger.database).add(ids["listed"], key_id=key_id, name="A", kind="rvc", shared=False, details={})
    for name in ("coming", "canceled"):
        spec = VoiceSpec(name=name)
        ledger.add(job_id=ids[name], key_id=key_id, dialect="voxhall", spec=spec, interactive=True)
    ledger.cancel(ids["canceled"])
    for voice_id in ids.values():
        files.put(voice_key(voice_id, "voice.safetensors"), b"weights")
    reaper.tend()
    left = {name for name, voice_id in ids.items() if files.list(voice_prefix(voice_id))}
    assert left == {"listed", "coming"}


def test_a_job_of_another_version_stops_no_sweep(reaper: Reaper, ledger: Ledger, files: FileStore, key_id: str) -> None:
    strange, nobody = "a" * 32, "b" * 32
    ledger.add(job_id=strange, key_id=key_id, dialect="voxhall", spec=VoiceSpec(name="A"), interactive=True)
    with ledger.database.write() as connection:
        connection.execute(update(jobs_table).values(spec={"kind": "of tomorrow"}))
    for voice_id in (strange, nobody):
        files.put(voice_key(voice_id, "voice.safetensors"), b"weights")
    reaper.tend()
    assert files.list("voices/") == [voice_key(strange, "voice.safetensors")]


def test_embeddings_without_a_saved_voice_go_when_their_time_has_come(
    ledger: Ledger, files: FileStore, key_id: str
) -> None:
    voices = Voices(ledger.database)
    for voice_id, kind in (("a" * 32, "embedding"), ("b" * 32, "clone")):
        voices.add(voice_id, key_id=key_id, name=kind, kind=kind, shared=False, details={})
        files.put(voice_key(voice_id, "reference.wav"), b"sound")
    Reaper(ledger=ledger, files=files, segment_seconds=3600, embedding_seconds=60).tend()
    assert len(files.list("voices/")) == 2
    Reaper(ledger=ledger, files=files, segment_seconds=3600, embedding_seconds=0).tend()
    assert files.list("voices/") == [voice_key("b" * 32, "reference.wav")]
    with pytest.raises(NotFound):
        voices.get("a" * 32)
    assert voices.get("b" * 32).kind == "clone"


def test_a_job_that_saved_a_voice_is_forgotten_and_the_voice_stays(
    add_job: AddJob, ledger: Ledger, files: FileStore, database: Database
) -> None:
    """Whoever waited for it would have forgotten it: they hung up."""
    job = add_job(spec=EnrolmentSpec(name="Ann", consent=True))
    claim = ledger.claim("transcription", "w", lease_seconds=60)
    assert claim
    files.put(voice_key(job.id, "reference.wav"), b"clip")
    Voices(database).add(job.id, key_id=job.key_id, name="Ann", kind="clone", shared=False, details={})
    ledger.finish(claim, {"voice": job.id})
    Reaper(ledger=ledger, files=files, segment_seconds=-1, embedding_seconds=86_400).tend()
    with pytest.raises(NotFound):
        ledger.get(job.id)
    assert Voices(database).get(job.id).name == "Ann"
    assert files.list("voices/") == [voice_key(job.id, "reference.wav")]


def test_recordings_of_nobody_s_consent_go_when_they_are_seen_twice(
    reaper: Reaper, ledger: Ledger, files: FileStore, key_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For a recording is stored before its row."""
    monkeypatch.setattr("workers.reaper.VOICES_EVERY", 0.0)
    kept, lost, late = ("a" * 32, "b" * 32, "c" * 32)
    for consent in (kept, lost, late):
        files.put(consent_key(consent), b"I agree.")
    consents = Consents(ledger.database)
    consents.add(Consent(kept, key_id, "Anna", "en", {}, 1.0))
    reaper.tend()
    assert len(files.list(CONSENTS)) == 3
    consents.add(Consent(late, key_id, "Bert", "en", {}, 1.0))
    reaper.tend()
    assert files.list(CONSENTS) == [consent_key(kept), consent_key(late)]
