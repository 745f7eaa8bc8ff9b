"""Answers that come when a job is over; a worker is played by the test."""

import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from audio.encode import encode
from audio.formats import format_named
from jobs.errors import JobFailed
from jobs.files import FileStore
from jobs.ledger import Job, Ledger
from jobs.submit import forget
from server.hall import Hall
from server.waiting import succeeded
from tests.server.conftest import Puppet, hum, listening

WAV = encode(hum(0.5), 24_000, format_named("wav"))
TRANSCRIPT = (
    b'{"text": "Good evening.", "language": "en", "language_probability": 1.0, "duration": 0.5, "warnings": [],'
    b' "segments": [{"id": 0, "start": 0.0, "end": 0.5, "text": " Good evening.", "words": []}]}'
)
Ask = Callable[[], "Future[Any]"]


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as pool:
        yield pool


@pytest.fixture
def speak(client: TestClient, pool: ThreadPoolExecutor) -> Ask:
    body = {"model": "tts-1", "voice": "alloy", "input": "Good evening.", "response_format": "wav"}
    return lambda: pool.submit(client.post, "/v1/audio/speech", json=body)


@pytest.fixture
def listen(client: TestClient, pool: ThreadPoolExecutor) -> Ask:
    return lambda: pool.submit(
        client.post, "/v1/audio/transcriptions", data={"model": "whisper-1"}, files={"file": ("a.wav", WAV)}
    )


def test_a_whole_file_is_the_answer(speak: Ask, puppet: Puppet) -> None:
    asked = speak()
    puppet.deliver(puppet.claim(), "speech.wav", WAV, media_type="audio/wav")
    answer = asked.result(30)
    assert (answer.status_code, answer.content) == (200, WAV)
    assert answer.headers["content-type"] == "audio/wav"


def test_a_transcript_is_the_answer(listen: Ask, puppet: Puppet) -> None:
    asked = listen()
    claim = puppet.claim("transcription")
    puppet.deliver(claim, "transcript.json", TRANSCRIPT)
    answer = asked.result(30)
    assert (answer.status_code, answer.json()["text"]) == (200, "Good evening.")
    assert answer.headers["x-voxhall-job"] == claim.job_id


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [("internal_error", 500, "server_error"), ("unreadable_audio", 400, "invalid_request_error")],
)
def test_a_failed_job_is_never_a_success(listen: Ask, puppet: Puppet, code: str, status: int, kind: str) -> None:
    asked = listen()
    puppet.fail(puppet.claim("transcription"), code, "It cannot be read.")
    answer = asked.result(30)
    assert answer.status_code == status
    assert answer.json() == {"error": {"message": "It cannot be read.", "type": kind, "param": None, "code": code}}


def test_a_job_that_is_cancelled_or_deleted_ends_the_wait(
    speak: Ask, puppet: Puppet, ledger: Ledger, files: FileStore
) -> None:
    """Nobody tells the one who waits: it reads the ledger again."""
    cancelled, claim = speak(), puppet.claim()
    ledger.cancel(claim.job_id)
    deleted, claim = speak(), puppet.claim()
    forget(ledger, files, claim.job_id)
    assert (cancelled.result(30).status_code, cancelled.result().json()["error"]["code"]) == (500, "canceled")
    assert (deleted.result(30).status_code, deleted.result().json()["error"]["code"]) == (404, "not_found")


def test_a_lost_event_costs_only_time(speak: Ask, puppet: Puppet, ledger: Ledger, files: FileStore) -> None:
    asked = speak()
    claim = puppet.claim()
    files.put(f"jobs/{claim.job_id}/result/speech.wav", WAV)
    ledger.finish(claim, {"file": f"jobs/{claim.job_id}/result/speech.wav", "media_type": "audio/wav"})
    assert asked.result(30).content == WAV


def test_many_wait_at_once_each_for_their_own(speak: Ask, puppet: Puppet) -> None:
    asked = [speak() for _ in range(4)]
    claims = [puppet.claim() for _ in asked]
    for claim in reversed(claims):
        puppet.deliver(claim, "speech.wav", WAV + claim.job_id.encode(), media_type="audio/wav")
    answers = [waiting.result(30) for waiting in asked]
    for answer in answers:
        assert answer.content == WAV + answer.headers["x-voxhall-job"].encode()
    assert {answer.headers["x-voxhall-job"] for answer in answers} == {claim.job_id for claim in claims}


def test_a_caller_who_hangs_up_ends_the_job(app: FastAPI, secret: str, puppet: Puppet, ledger: Ledger) -> None:
    with listening(app) as address:
        host, port = address.removeprefix("http://").split(":")
        body = b'{"model": "tts-1", "voice": "alloy", "input": "Good evening.", "response_format": "wav"}'
        head = (
            f"POST /v1/audio/speech HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {secret}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        with socket.create_connection((host, int(port))) as caller:
            caller.sendall(head.encode() + body)
            claim = puppet.claim()
        end = time.monotonic() + 30
        while not ledger.get(claim.job_id).done:
            assert time.monotonic() < end
            time.sleep(0.05)
        assert ledger.get(claim.job_id).state == "canceled"


def test_who_waits_is_answered_when_the_process_is_told_to_stop(
    speak: Ask, puppet: Puppet, hall: Hall, ledger: Ledger
) -> None:
    asked = speak()
    claim = puppet.claim()
    hall.closing.set()
    answer = asked.result(30)
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "restarting")
    assert int(answer.headers["retry-after"]) > 0
    assert ledger.get(claim.job_id).state == "canceled"  # the next request makes another


def test_a_stop_leaves_the_job_to_whoever_may_ask_again(
    client: TestClient, pool: ThreadPoolExecutor, puppet: Puppet, hall: Hall, ledger: Ledger
) -> None:
    body = {"model": "tts-1", "voice": "alloy", "input": "Good evening.", "response_format": "wav"}
    once = {"Idempotency-Key": "again"}
    asked = pool.submit(client.post, "/v1/audio/speech", json=body, headers=once)
    claim = puppet.claim()
    hall.closing.set()
    assert asked.result(30).status_code == 503
    assert ledger.get(claim.job_id).state == "running"
    hall.closing.clear()
    puppet.deliver(claim, "speech.wav", WAV, media_type="audio/wav")
    assert client.post("/v1/audio/speech", json=body, headers=once).content == WAV


def test_a_follower_is_let_go_by_a_server_that_stops(client: TestClient, puppet: Puppet, hall: Hall) -> None:
    job = client.post("/jobs", json={"kind": "speech", "text": "Hello.", "voice": "af_heart"}).json()
    puppet.store(puppet.claim(), 0, hum(0.1))
    hall.closing.set()
    answer = client.get(f"/jobs/{job['id']}/events")  # it would last as long as the job
    assert (answer.status_code, answer.text) == (200, "")


def test_a_follower_goes_on_behind_the_last_event(client: TestClient, puppet: Puppet) -> None:
    job = client.post("/jobs", json={"kind": "speech", "text": "Hello.", "voice": "af_heart"}).json()
    claim = puppet.claim()
    puppet.store(claim, 0, hum(0.1))
    puppet.store(claim, 1, hum(0.1))
    puppet.finish(claim, file="x")
    path = f"/jobs/{job['id']}/events"

    def told(last: str) -> list[str]:
        answer = client.get(path, headers={"Last-Event-ID": last})
        return [part for part in answer.text.replace("\r", "").split("\n\n") if "event: progress" not in part and part]

    first, second, done = told("")
    (last,) = [line.removeprefix("id: ") for line in first.splitlines() if line.startswith("id: ")]
    assert "event: done" in done
    assert told(last) == [second, done]
    assert told("nonsense") == [first, second, done]


@pytest.mark.parametrize(
    ("state", "code", "reason", "shown"),
    [
        ("canceled", None, None, ("canceled", "The job was cancelled.")),
        ("failed", "worker_died", "The worker died.", ("worker_died", "The worker died.")),
        ("failed", None, None, ("internal_error", "The job failed.")),
    ],
)
def test_an_end_without_a_result_is_an_error(
    add_job: Callable[[], Job], state: Any, code: str | None, reason: str | None, shown: tuple[str, str]
) -> None:
    job = replace(add_job(), state=state, error_code=code, error_message=reason)
    with pytest.raises(JobFailed) as caught:
        succeeded(job)
    assert (caught.value.code, caught.value.message) == shown


def test_events_of_a_job_end_with_the_job(
    client: TestClient, add_job: Callable[[], Job], puppet: Puppet, pool: ThreadPoolExecutor
) -> None:
    job = add_job()
    asked = pool.submit(client.get, f"/jobs/{job.id}/events")
    puppet.deliver(puppet.claim(), "speech.mp3", b"sound", media_type="audio/mpeg", duration=1.0)
    answer = asked.result(30)
    assert answer.headers["content-type"].startswith("text/event-stream")
    kinds = [line.removeprefix("event: ") for line in answer.text.splitlines() if line.startswith("event: ")]
    assert kinds[-1] == "done"
    assert set(kinds[:-1]) <= {"progress"}
    assert '"state": "succeeded"' in answer.text.strip().splitlines()[-1]
