"""What TTS.ai's clients in Ruby and Rust and its narrator for web pages send, and what they read of the answers.

No package of theirs runs here; this is their wire form.
"""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from jobs.files import FileStore, result_key
from jobs.ledger import Ledger
from jobs.specs import CloneSpec, SpeechSpec, TranscriptionSpec
from tests.server.conftest import Puppet, RvcVoices
from tests.server.dialects.ttsai.conftest import CLIP
from tests.server.dialects.ttsai.listening import HEARD, SPOKEN

AGENT = "tts-ruby/0.1.0 (+https://tts.ai)"
NO_KEY = {b"authorization": b"", b"x-api-key": b""}
RESULTS = "/v1/speech/results/?uuid="
BOUNDARY = "----TTSAiBoundary0123456789abcdef"


@pytest.fixture(autouse=True)
def whisper(rvc: RvcVoices, models: None) -> None:
    rvc.install("whisper-base", "campplus")


@pytest.fixture
def json_request(client: TestClient, secret: str) -> Any:
    """As Ruby and Rust send it, who take any 2xx."""

    def send(method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        headers = {"Authorization": f"Bearer {secret}", "User-Agent": AGENT, "Accept": "application/json"}
        answer = client.request(method, path, json=body, headers=headers)
        assert 200 <= answer.status_code < 300
        return answer.json()

    return send


@pytest.fixture
def multipart(client: TestClient) -> Any:
    """Ruby writes its forms itself: fields first, every file as `application/octet-stream`."""

    def send(path: str, fields: dict[str, str], **files: bytes) -> Any:
        parts = [f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
                 for name, value in fields.items()]  # fmt: skip
        for name, content in files.items():
            parts.append(
                f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"; filename="evening.wav"\r\n'
                "Content-Type: application/octet-stream\r\n\r\n".encode()
                + content
                + b"\r\n"
            )
        body = b"".join([*parts, f"--{BOUNDARY}--\r\n".encode()])
        answer = client.post(path, content=body, headers={"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"})
        assert answer.status_code == 200, answer.text
        return answer.json()

    return send


def rust_job(body: dict[str, Any]) -> None:
    """Rust's `Job` and `JobResult` fail to parse where a field has another type. Absent and null are fine."""
    kinds: dict[str, type | tuple[type, ...]] = {
        "uuid": str,
        "job_id": str,
        "status": str,
        "credits_used": int,
        "credits_remaining": int,
        "result_url": str,
        "instructions_supported": bool,
        "instructions_applied": bool,
        "boost_supported": bool,
        "boost_applied": (int, float),
        "error": str,
        "message": str,
    }
    assert body["uuid"]
    assert body["status"]
    for name, kind in kinds.items():
        assert body.get(name) is None or isinstance(body[name], kind), name
    assert all(body.get(name) is None or body[name] >= 0 for name in ("credits_used", "credits_remaining"))


def test_speech(json_request: Any, client: TestClient, puppet: Puppet, ledger: Ledger) -> None:
    body = {"text": "Good evening.", "voice": "af_bella", "model": "kokoro", "format": "mp3", "language": "en"}
    more = {"speed": 1.2, "pronunciations": {"evening": "/ivnin/"}, "exaggeration": 0.5}
    job = json_request("POST", "/v1/tts/", body | more)
    rust_job(job)
    assert (job["status"], job["instructions_supported"], job["credits_remaining"]) == ("queued", False, 999_999_999)
    spec = ledger.get(job["uuid"]).spec
    assert isinstance(spec, SpeechSpec)
    assert (spec.speed, spec.pronunciations) == (1.2, {"evening": "/ivnin/"})
    claim = puppet.claim()
    rust_job(running := json_request("GET", RESULTS + job["uuid"]))
    assert running["status"] == "processing"
    puppet.deliver(claim, "speech.mp3", CLIP, media_type="audio/mpeg", duration=6.0)
    rust_job(done := json_request("GET", RESULTS + job["uuid"]))
    assert done["status"] == "completed"
    # Ruby loads it with its name alone, Rust likewise.
    answer = client.get(done["result_url"], headers={**NO_KEY, b"user-agent": AGENT.encode()})
    assert answer.content == CLIP


def test_a_job_that_is_there_already_is_completed_at_once(client: TestClient, puppet: Puppet) -> None:
    body, once = {"text": "Good evening.", "voice": "af_bella"}, {"Idempotency-Key": "evening"}
    first = client.post("/v1/tts/", json=body, headers=once).json()
    assert "result_url" not in first
    puppet.deliver(puppet.claim(), "speech.mp3", CLIP, media_type="audio/mpeg", duration=6.0)
    rust_job(again := client.post("/v1/tts/", json=body, headers=once).json())
    assert (again["uuid"], again["status"]) == (first["uuid"], "completed")
    assert client.get(again["result_url"], headers=NO_KEY).content == CLIP


def test_transcription(json_request: Any, multipart: Any, puppet: Puppet, ledger: Ledger) -> None:
    rust_job(job := multipart("/v1/transcribe/", {"model": "faster-whisper", "timestamps": "true"}, file=CLIP))
    assert job["status"] == "queued"
    spec = ledger.get(job["uuid"]).spec
    assert isinstance(spec, TranscriptionSpec)
    assert spec.word_times
    more = {"media_type": "application/json", "duration": 3.0, "language": "en"}
    puppet.deliver(puppet.claim("transcription"), "transcript.json", HEARD, **more)
    rust_job(done := json_request("GET", RESULTS + job["uuid"]))
    assert (done["status"], done["text"]) == ("completed", " ".join(SPOKEN))


def test_cloning(multipart: Any, ledger: Ledger) -> None:
    fields = {"text": "Good evening.", "model": "chatterbox", "language": "en", "boost": "0.5"}
    rust_job(job := multipart("/v1/voice-clone/", fields, reference_audio=CLIP))
    assert (job["boost_supported"], job["boost_applied"]) == (True, 0.5)
    spec = ledger.get(job["uuid"]).spec
    assert isinstance(spec, CloneSpec)
    assert spec.guidance == 0.5


def test_subtitles(json_request: Any, puppet: Puppet, files: FileStore) -> None:
    uuid = json_request("POST", "/v1/tts/", {"text": "Good evening.", "voice": "af_bella", "model": "kokoro"})["uuid"]
    key = result_key(uuid, "speech.vtt")
    files.put(key, b"1\n00:00:00,000 --> 00:00:01,000\nGood evening.\n")
    puppet.deliver(puppet.claim(), "speech.mp3", CLIP, media_type="audio/mpeg", duration=1.0, captions={"vtt": key})
    body = json_request("GET", f"/v1/speech/subtitles/?uuid={uuid}&format=vtt")
    assert {name: type(value) for name, value in body.items()} == {
        "format": str,
        "content": str,
        "cached": bool,
        "segment_count": int,
        "language": str,
        "duration": float,
    }


def test_a_failed_job(json_request: Any, puppet: Puppet) -> None:
    uuid = json_request("POST", "/v1/tts/", {"text": "Good evening.", "voice": "af_bella"})["uuid"]
    puppet.fail(puppet.claim(), "internal_error", "The job failed.")
    rust_job(failed := json_request("GET", RESULTS + uuid))
    assert (failed["status"], failed["message"], failed["error"]) == ("failed", "The job failed.", "The job failed.")


def test_the_narrator_polls_without_a_key(client: TestClient, puppet: Puppet) -> None:
    body = {"text": "Good evening.", "model": "kokoro", "voice": "af_bella", "language": "en"}
    uuid = client.post("/v1/tts/", json=body).json()["uuid"]
    puppet.deliver(puppet.claim(), "speech.mp3", CLIP, media_type="audio/mpeg", duration=6.0)
    done = client.get(RESULTS + uuid, headers=NO_KEY).json()
    assert (done["status"], client.get(done["result_url"], headers=NO_KEY).content) == ("completed", CLIP)
    assert "credits_remaining" not in done


def test_errors_have_a_message_at_the_top(client: TestClient) -> None:
    for body in ({"voice": "nobody"}, {"text": ""}, {"model": "parrot"}):
        answer = client.post("/v1/tts/", json={"text": "Good evening.", "voice": "af_bella"} | body)
        assert 400 <= answer.status_code < 500
        assert isinstance(answer.json()["message"], str)
