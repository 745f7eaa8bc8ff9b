"""Recordings that are longer than any may be, or of impossible kinds: refused at the door, as each API says it."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from jobs.files import FileStore
from jobs.ledger import Ledger
from tests.audio.bombs import claiming, silent_flac, wav
from tests.server.conftest import RvcVoices

HOURS = 13
LONG = claiming(silent_flac(60), HOURS * 3600 * 8_000)
WIDE, SLOW = wav(channels=65), wav(rate=999)
SAID = f"The recording is {HOURS}.0 hours long, and 12.0 hours is the limit"
ASKED: dict[str, tuple[str, dict[str, Any]]] = {
    "/v1/audio/transcriptions": ("file", {"data": {"model": "whisper-1"}}),
    "/v1/audio/translations": ("file", {"data": {"model": "whisper-1"}}),
    "/v1/inferences-vc": ("audioInfer", {"params": {"modelId": "Anna"}}),
    "/api/v2/audio/transcriptions": ("source_file", {"data": {"include_ts": "0", "model": "WhisperLargeV3"}}),
    "/v1/stt/": ("file", {}),
    "/jobs": ("audio", {"data": {"spec": '{"kind": "transcription"}'}}),
}


@pytest.fixture(autouse=True)
def _installed(rvc: RvcVoices) -> None:
    rvc.add("Anna")
    rvc.install("whisper-base")


def sent(client: TestClient, path: str, content: bytes) -> tuple[int, Any]:
    field, more = ASKED[path]
    kind = "audio/x-wav" if path == "/v1/inferences-vc" else "audio/flac"
    answer = client.post(path, files={field: ("a.flac", content, kind)}, **more)
    return answer.status_code, answer.json()


def test_a_recording_that_is_too_long_is_refused_in_each_dialects_words(
    client: TestClient, ledger: Ledger, files: FileStore
) -> None:
    answers = {path: sent(client, path, LONG) for path in ASKED}
    for path in ("/v1/audio/transcriptions", "/v1/audio/translations"):
        status, body = answers[path]
        assert (status, body["error"]["type"], body["error"]["code"]) == (
            400,
            "invalid_request_error",
            "audio_too_long",
        )
        assert SAID in body["error"]["message"]
    status, body = answers["/v1/inferences-vc"]
    assert (status, body["detail"][0]["loc"]) == (422, ["body", "audioInfer"])
    assert SAID in body["detail"][0]["msg"]
    status, body = answers["/api/v2/audio/transcriptions"]
    assert (status, list(body["errors"])) == (422, ["source_file"])
    assert SAID in body["message"]
    status, body = answers["/v1/stt/"]
    assert (status, body["error"]["code"], body["error"]["type"]) == (400, "bad_request", "audio_too_long")
    assert SAID in body["message"]
    assert answers["/jobs"] == (400, {"error": {"code": "audio_too_long", "message": f"{SAID}.", "param": "audio"}})
    assert (ledger.waiting(), files.list("jobs/")) == ({}, [])


@pytest.mark.parametrize("content", [WIDE, SLOW], ids=["channels", "rate"])
def test_impossible_recordings_are_refused_everywhere(
    client: TestClient, ledger: Ledger, files: FileStore, content: bytes
) -> None:
    statuses = {path: sent(client, path, content)[0] for path in ASKED}
    assert statuses == dict.fromkeys(ASKED, 400) | {"/v1/inferences-vc": 402, "/api/v2/audio/transcriptions": 422}
    assert "is not supported, only" in sent(client, "/jobs", content)[1]["error"]["message"]
    assert (ledger.waiting(), files.list("jobs/")) == ({}, [])
