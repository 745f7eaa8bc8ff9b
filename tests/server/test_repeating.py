"""Requests that come twice with one Idempotency-Key, in several dialects. No worker runs: a test plays it."""

import json
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from audio.encode import encode
from audio.formats import format_named
from jobs.database import Database
from jobs.files import REFERENCE, voice_key
from jobs.keys import Keys
from jobs.ledger import Claim, Ledger
from jobs.specs import EnrolmentSpec, VoiceSpec
from jobs.voices import Voices
from server.hall import Hall
from tests.server.conftest import Puppet, RvcVoices, SavedVoices, hum, listening

ONCE = {"Idempotency-Key": "order-7"}
AGAIN = "idempotent-replayed"
CLIP = encode(hum(6.0), 24_000, format_named("flac"))
CLIP_FILE = {"reference": ("a.flac", CLIP)}
SPEECH = {"kind": "speech", "text": "Hello.", "voice": "af_heart"}
RVC = {"version": "v2", "f0": True, "sample_rate": 40_000, "speakers": 1, "vectors": 0, "size": 1, "epochs": 1}

SUBMISSIONS: dict[str, tuple[str, dict[str, Any], Callable[[Any], Any]]] = {
    "voxhall": ("/jobs", SPEECH, lambda said: said["id"]),
    "deapi": (
        "/api/v2/audio/speech",
        {
            "model": "Kokoro",
            "text": "Hello there.",
            "voice": "af_heart",
            "lang": "en-us",
            "speed": 1,
            "format": "mp3",
            "sample_rate": 24_000,
            "mode": "custom_voice",
        },
        lambda said: said["data"]["request_id"],
    ),
    "ttsai": ("/v1/tts/", {"text": "Hello.", "voice": "af_heart", "model": "kokoro"}, lambda said: said["uuid"]),
    "twintune": (
        "/v1/inferences-tts",
        {"tts_text": "Hello.", "tts_voice": "af_heart"},
        lambda said: said["inferenceId"],
    ),
}

Post = Callable[..., "Future[Any]"]


@pytest.fixture
def post(client: TestClient) -> Iterator[Post]:
    with ThreadPoolExecutor(4) as pool:

        def post(path: str, **more: Any) -> "Future[Any]":
            return pool.submit(client.post, path, headers=ONCE, **more)

        yield post


@pytest.mark.parametrize("dialect", SUBMISSIONS)
def test_a_job_is_answered_again_in_every_dialect(client: TestClient, ledger: Ledger, dialect: str) -> None:
    path, body, id_of = SUBMISSIONS[dialect]
    first, second = (client.post(path, json=body, headers=ONCE) for _ in range(2))
    assert (first.status_code // 100, second.status_code) == (2, first.status_code), first.text
    assert id_of(first.json()) == id_of(second.json())
    assert (first.headers.get(AGAIN), second.headers.get(AGAIN)) == (None, "true")
    assert ledger.waiting() == {"speech": 1}


def test_another_text_under_the_same_word_is_refused(client: TestClient, ledger: Ledger) -> None:
    client.post("/jobs", json=SPEECH, headers=ONCE)
    refused = client.post("/jobs", json=SPEECH | {"text": "Bye."}, headers=ONCE)
    assert (refused.status_code, refused.json()["error"]["code"]) == (422, "idempotency_key_reused")
    path, body, _ = SUBMISSIONS["ttsai"]
    assert client.post(path, json=body, headers=ONCE).status_code in {400, 422}
    assert ledger.waiting() == {"speech": 1}


def test_uploads_are_told_apart(client: TestClient, ledger: Ledger) -> None:
    def send(clip: bytes) -> Any:
        data = {"spec": '{"kind": "transcription"}'}
        return client.post("/jobs", data=data, files={"audio": ("a.flac", clip)}, headers=ONCE)

    first, same = send(CLIP), send(CLIP)
    assert first.status_code == 202, first.text
    assert first.json()["id"] == same.json()["id"]
    assert send(encode(hum(5.0), 24_000, format_named("flac"))).status_code == 422
    assert ledger.waiting() == {"transcription": 1}


def test_another_key_may_use_the_same_word(client: TestClient, database: Database) -> None:
    stranger = {"x-api-key": Keys(database).create("stranger")[1], "Authorization": ""}
    mine, theirs = (client.post("/jobs", json=SPEECH, headers=ONCE | more) for more in ({}, stranger))
    assert mine.json()["id"] != theirs.json()["id"]


def test_whoever_waits_gets_the_same_audio_again(client: TestClient, puppet: Puppet, post: Post) -> None:
    body = {"model": "gpt-4o-mini-tts", "voice": "alloy", "input": "Good evening.", "response_format": "pcm"}
    asked = post("/v1/audio/speech", json=body)
    claim = puppet.claim()
    puppet.store(claim, 0, hum(0.5))
    puppet.finish(claim, segments=1, duration=0.5)
    first, second = asked.result(30), post("/v1/audio/speech", json=body).result(30)
    assert first.content == second.content
    assert len(first.content) == 24_000
    assert (AGAIN in first.headers, second.headers[AGAIN]) == (False, "true")


def test_a_failed_job_is_made_anew(client: TestClient, puppet: Puppet) -> None:
    first = client.post("/jobs", json=SPEECH, headers=ONCE).json()["id"]
    puppet.fail(puppet.claim(), "internal_error", "It failed.")
    assert client.post("/jobs", json=SPEECH, headers=ONCE).json()["id"] != first


def keep(puppet: Puppet, database: Database, claim: Claim) -> None:
    """As the worker saves a voice: it has its job's id."""
    job = puppet.ledger.get(claim.job_id)
    assert isinstance(job.spec, EnrolmentSpec | VoiceSpec)
    kind, details = ("rvc", RVC | {"info": ""}) if isinstance(job.spec, VoiceSpec) else ("clone", {"seconds": 5.5})
    puppet.files.put(voice_key(job.id, REFERENCE), CLIP)
    Voices(database).add(job.id, key_id=job.key_id, name=job.spec.name, kind=kind, shared=False, details=details)
    puppet.finish(claim, voice=job.id)


@pytest.mark.parametrize("at_once", [True, False])
def test_a_saved_voice_is_answered_again(
    saved: SavedVoices, puppet: Puppet, database: Database, post: Post, at_once: bool
) -> None:
    def send() -> "Future[Any]":
        form = {"name": "Ann", "consent": "true"}
        return post("/voices/saved", data=form, files={"reference": ("a.flac", CLIP)})

    asked = [send()]
    claim = puppet.claim("transcription")
    asked += [send()] if at_once else []
    keep(puppet, database, claim)
    asked[0].result(30)
    asked += [] if at_once else [send()]
    first, second = (one.result(30) for one in asked)
    assert (first.status_code, second.status_code) == (201, 201), second.text
    assert first.json()["id"] == second.json()["id"]
    assert len(saved.voices.list(key_id=saved.key_id, kind="clone")) == 1


def test_an_rvc_voice_is_answered_again(puppet: Puppet, database: Database, post: Post) -> None:
    def send() -> "Future[Any]":
        return post("/voices/rvc", data={"name": "Ann"}, files={"model": ("a.pth", b"weights")})

    asked = send()
    keep(puppet, database, puppet.claim("tools"))
    first, second = asked.result(30), send().result(30)
    assert (first.status_code, second.status_code) == (201, 201), second.text
    assert (first.json()["id"], first.headers["location"]) == (second.json()["id"], second.headers["location"])
    assert second.headers[AGAIN] == "true"


class Hanging:
    """A request whose caller hangs up once `leave` is called, on a real server."""

    def __init__(self, address: str, secret: str) -> None:
        host, port = address.removeprefix("http://").split(":")
        with httpx.Client() as client:
            form = {"name": "Ann", "consent": "true"}
            request = client.build_request("POST", f"{address}/voices/saved", data=form, files=CLIP_FILE)
        head = f"POST /voices/saved HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {secret}\r\n"
        head += f"Idempotency-Key: order-7\r\nContent-Type: {request.headers['content-type']}\r\n"
        body = request.read()
        self._socket = socket.create_connection((host, int(port)))
        self._socket.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)

    def leave(self) -> None:
        self._socket.close()


@pytest.mark.parametrize("leaves", ["first", "second"])
def test_who_hangs_up_takes_nothing_from_who_stays(
    app: FastAPI, secret: str, saved: SavedVoices, puppet: Puppet, database: Database, leaves: str
) -> None:
    with listening(app) as address, ThreadPoolExecutor(1) as pool:

        def stay() -> httpx.Response:
            headers = {"Authorization": f"Bearer {secret}", **ONCE}
            form = {"name": "Ann", "consent": "true"}
            return httpx.post(f"{address}/voices/saved", data=form, files=CLIP_FILE, headers=headers, timeout=30)

        asked = None if leaves == "first" else pool.submit(stay)
        hanging = Hanging(address, secret) if leaves == "first" else None
        claim = puppet.claim("transcription")
        hanging = hanging or Hanging(address, secret)
        hanging.leave()
        asked = asked or pool.submit(stay)
        keep(puppet, database, claim)
        answer = asked.result(30)
    assert (answer.status_code, answer.json()["id"]) == (201, claim.job_id)
    assert [voice.id for voice in saved.voices.list(key_id=saved.key_id, kind="clone")] == [claim.job_id]


def test_a_failed_step_of_a_repeat_leaves_the_voice_that_was_answered(
    rvc: RvcVoices, puppet: Puppet, post: Post
) -> None:
    def send() -> "Future[Any]":
        return post("/v1/voice-embedding/", data={"model": "chatterbox"}, files={"file": ("a.flac", CLIP)})

    def embedded() -> Claim:
        while not (claim := puppet.claim("clone")).interactive:
            puppet.finish(claim)
        return claim

    rvc.install("chatterbox-english")
    asked = send()
    claim = puppet.claim("transcription")
    job = puppet.ledger.get(claim.job_id)
    assert isinstance(job.spec, EnrolmentSpec)
    details = {"text": None, "language": "en", "seconds": 6.0, "model": job.spec.model}
    rvc.voices.add(job.id, key_id=job.key_id, name=job.spec.name, kind="embedding", shared=False, details=details)
    puppet.finish(claim, voice=job.id, **details)
    puppet.finish(embedded())
    assert asked.result(30).json()["embed_id"] == f"emb_{job.id}"
    asked = send()
    puppet.fail(embedded(), "internal_error", "It failed.")
    assert asked.result(30).status_code == 500
    assert rvc.voices.get(job.id).id == job.id


def test_what_the_caller_said_counts_and_not_what_became_of_it(client: TestClient, hall: Hall) -> None:
    body = SPEECH
    one = client.post("/jobs?strict_models=false", json=body, headers=ONCE)
    object.__setattr__(hall, "settings", hall.settings.model_copy(update={"public_url": "https://voice.example"}))
    layout = json.dumps(dict(reversed(body.items())), indent=2)
    headers = ONCE | {"content-type": "application/json"}
    again = client.post("/jobs?strict_models=false", content=layout, headers=headers)
    assert (one.status_code, again.status_code, again.headers[AGAIN]) == (202, 202, "true")
    assert again.json()["id"] == one.json()["id"]
    assert client.post("/jobs", json=body, headers=ONCE).status_code == 422


def test_fields_of_a_form_are_told_apart_in_any_order(client: TestClient, ledger: Ledger) -> None:
    def send(kind: str, **form: str) -> int:
        return client.post("/jobs", headers=ONCE | {"content-type": kind}, content=urlencode(form)).status_code

    form = "application/x-www-form-urlencoded"
    spec = json.dumps(SPEECH)
    assert send(form, spec=spec, note="1") == send(form.title(), note="1", spec=spec) == 202
    assert send(form, spec=spec, note="2") == 422
    assert ledger.waiting() == {"speech": 1}
