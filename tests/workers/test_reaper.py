import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from kombu.exceptions import KombuError
from redis.exceptions import RedisError

from jobs import queue, scratch, sweeping
from jobs.errors import Unavailable
from jobs.files import FileStore, segment_key, voice_key
from jobs.ledger import Ledger
from jobs.retention import Keep
from jobs.voices import Voices
from tests.workers.conftest import AddJob
from workers.reaper import Reaper


@pytest.fixture
def reaper(ledger: Ledger, files: FileStore, tmp_path: Path) -> Reaper:
    return Reaper(ledger=ledger, files=files, keep=Keep(), data_dir=tmp_path)


def test_a_step_of_a_silent_worker_goes_back_with_a_wake_up(reaper: Reaper, add_job: AddJob, ledger: Ledger) -> None:
    job = add_job()
    dead = ledger.claim("speech", "dead", lease_seconds=0.01)
    assert dead
    time.sleep(0.02)
    reaper.tend()
    assert queue.messages()["speech"] == 1
    again = ledger.claim("speech", "alive", lease_seconds=60)
    assert again
    assert (again.job_id, again.alone) == (job.id, False)
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


def test_without_a_broker_it_fails_as_its_thread_expects(reaper: Reaper, add_job: AddJob) -> None:
    add_job()
    queue.app.conf.broker_url = "redis://127.0.0.1:1"
    with pytest.raises((KombuError, RedisError)):
        reaper.tend()


def test_it_survives_whatever_is_out_of_order(reaper: Reaper, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file store that is away for a while must not end the recovery of leases for good."""
    third = {name: threading.Event() for name in ("tend", "sweep")}

    def broken(name: str) -> Callable[[], None]:
        rounds: list[int] = []

        def work() -> None:
            rounds.append(1)
            if len(rounds) == 3:
                third[name].set()
            raise OSError("the bucket is away")

        return work

    monkeypatch.setattr("workers.reaper.EVERY", 0.01)
    for name in third:
        monkeypatch.setattr(reaper, name, broken(name))
    stopping = threading.Event()
    reaper.begin(stopping)
    assert all(event.wait(10) for event in third.values())
    stopping.set()


def test_it_sweeps_what_ended_jobs_leave_and_what_is_nobodys(
    add_job: AddJob, ledger: Ledger, files: FileStore, key_id: str, tmp_path: Path
) -> None:
    job = add_job()
    files.put(segment_key(job.id, 0, 0), b"sound")
    files.put(voice_key("a" * 32, "voice.safetensors"), b"weights")
    files.put("ledger", key_id.encode())
    ledger.cancel(job.id)
    Voices(ledger.database).add("b" * 32, key_id=key_id, name="E", kind="embedding", shared=False, details={})
    reaper = Reaper(ledger=ledger, files=files, keep=Keep(segments=0, embeddings=0), data_dir=tmp_path)
    reaper.sweep()
    assert files.list("jobs/") == []
    assert Voices(ledger.database).older(kind="embedding", than=time.time() + 1) == []
    assert files.list("voices/") == [voice_key("a" * 32, "voice.safetensors")], "it is younger than an hour"


def test_a_job_whose_files_cannot_be_deleted_holds_up_no_others(
    add_job: AddJob, ledger: Ledger, files: FileStore, key_id: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here one of a name that the store takes for none."""
    monkeypatch.setattr(sweeping, "IN_A_ROW", 1)
    job = add_job()
    files.put(segment_key(job.id, 0, 0), b"sound")
    assert files.root
    (files.root / segment_key(job.id, 0, 0)).with_name("0\n").touch()
    ledger.cancel(job.id)
    Voices(ledger.database).add("b" * 32, key_id=key_id, name="E", kind="embedding", shared=False, details={})
    reaper = Reaper(ledger=ledger, files=files, keep=Keep(segments=0, embeddings=0), data_dir=tmp_path)
    with pytest.raises(Unavailable):
        reaper.sweep()
    assert Voices(ledger.database).older(kind="embedding", than=time.time() + 1) == []


def test_it_deletes_the_temporary_files_of_dead_processes(reaper: Reaper, tmp_path: Path) -> None:
    dead, living = tmp_path / "tmp" / "speech-1", scratch.enter(tmp_path, "io")
    dead.mkdir()
    (dead / scratch.LOCK).touch()
    reaper.sweep()
    assert list((tmp_path / "tmp").iterdir()) == [living]
