"""What deAPI's own clients send, field by field as their sources have it, and how strictly they read the answers.

None of them is in a package index: its Python SDK 0.1.0, its n8n node 0.4.0, its MCP server and its tester.
"""

import uuid
from typing import Any, Literal

import pytest
from fastapi.testclient import TestClient
from pydantic import BaseModel, ConfigDict

from jobs.ledger import Ledger
from jobs.specs import CloneSpec, SpeechSpec, TranscriptionSpec
from tests.audio.recordings import babble, recording
from tests.server.conftest import Puppet, RvcVoices
from tests.server.dialects.deapi.conftest import TURNS, Change, Listener, part

BASE = "/api/v1/client"
WAV = recording("wav", "pcm_s16le", babble(1.0))
CLIP = recording("wav", "pcm_s16le", babble(6.0))
HOOK = "https://93.184.215.14/webhook-waiting/1/webhook"


class JobResult(BaseModel):
    """As the SDK parses a status: a null `progress`, or another word for `status`, breaks it."""

    model_config = ConfigDict(strict=True)

    status: Literal["pending", "processing", "done", "error"]
    preview: str | None = None
    result_url: str | None = None
    results_alt_formats: dict[str, str] | None = None
    result: str | None = None
    progress: float = 0.0


class SdkModel(BaseModel):
    """As the SDK parses a model."""

    name: str
    slug: str
    inference_types: list[str]
    info: dict[str, Any] | None = None
    loras: list[dict[str, Any]] | None = None
    languages: list[dict[str, Any]] | None = None


@pytest.fixture(autouse=True)
def _installed(models: RvcVoices) -> None:
    """Each test runs with the models there."""


def spec_of(ledger: Ledger, answer: Any) -> Any:
    assert answer.status_code == 200, answer.text
    return ledger.get(uuid.UUID(answer.json()["data"]["request_id"]).hex).spec


def test_the_sdk_speaks(client: TestClient, ledger: Ledger, puppet: Puppet) -> None:
    said = {"text": "Hello, welcome!", "model": "Kokoro", "lang": "en-us", "format": "mp3", "speed": 1.0}
    answer = client.post(f"{BASE}/txt2audio", json=said | {"sample_rate": 24000.0, "voice": "af_sky"})
    assert isinstance(spec_of(ledger, answer), SpeechSpec)
    status = f"{BASE}/request-status/{answer.json()['data']['request_id']}"
    assert JobResult(**client.get(status).json()["data"]).status == "pending"
    puppet.deliver(puppet.claim(), "speech.mp3", b"mp3", media_type="audio/mpeg", duration=1.0)
    done = JobResult(**client.get(status).json()["data"])
    assert (done.status, done.progress) == ("done", 100.0)
    assert client.get(str(done.result_url), headers={b"authorization": b""}).content == b"mp3"


def test_the_sdk_clones(client: TestClient, ledger: Ledger) -> None:
    form = {"text": "Hello.", "model": "Qwen3_TTS_12Hz_1_7B_Base", "lang": "English", "format": "mp3"}
    form |= {"speed": "1.0", "sample_rate": "24000", "mode": "voice_clone", "ref_text": "Hi.", "webhook_url": HOOK}
    files = [("ref_audio", ("ref_audio.bin", CLIP, "application/octet-stream"))]
    spec = spec_of(ledger, client.post(f"{BASE}/txt2audio", data=form, files=files))
    assert isinstance(spec, CloneSpec)
    assert (spec.source, spec.ref_text) == ("reference", "Hi.")


def test_the_sdk_transcribes(listener: Listener) -> None:
    form = {"include_ts": "1", "model": "WhisperLargeV3", "return_result_in_response": "1", "webhook_url": HOOK}
    files = [("source_file", ("source_file.bin", WAV, "application/octet-stream"))]
    request_id = listener.hear(f"{BASE}/transcribe", data=form, files=files)
    done = JobResult(**listener.status(request_id, 1))
    assert "Good evening." in str(done.result)


def test_the_sdk_lists_models(client: TestClient) -> None:
    page = client.get(f"{BASE}/models", params={"per_page": 15, "page": 1}).json()
    assert {SdkModel(**model).slug for model in page["data"]} >= {"Kokoro", "WhisperLargeV3"}
    assert set(page["links"]) == {"first", "last", "prev", "next"}
    assert all(isinstance(number, int) for number in page["meta"].values())
    assert set(page["meta"]) == {"current_page", "last_page", "per_page", "total"}


def test_the_sdk_reads_errors(client: TestClient) -> None:
    wrong = client.post(f"{BASE}/txt2audio", json={"model": "Kokoro"}).json()
    assert all(isinstance(text, str) for texts in wrong["errors"].values() for text in texts)
    assert isinstance(client.get(f"{BASE}/request-status/nothing").json()["message"], str)


def n8n_form(fields: dict[str, Any]) -> dict[str, Any]:
    """Its own multipart writer: no quotes are escaped, and null is an empty field."""
    boundary = "----n8nFormBoundary1700000000000"
    body = b""
    for name, value in fields.items():
        body += f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"'.encode()
        if isinstance(value, bytes):
            body += b'; filename="audio"\r\nContent-Type: audio/wav\r\n\r\n' + value + b"\r\n"
        else:
            said = str(value).lower() if isinstance(value, bool) else value
            body += f"\r\n\r\n{'' if said is None else said}\r\n".encode()
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    return {"content": body + f"--{boundary}--\r\n".encode(), "headers": headers}


def test_the_n8n_node(client: TestClient, ledger: Ledger, change: Change) -> None:
    change(fetch_urls=True)
    clone: dict[str, Any] = {
        "text": "Hello.",
        "model": "Qwen3_TTS_12Hz_1_7B_Base",
        "mode": "voice_clone",
        "lang": "English",
    }
    clone |= {"speed": 1, "format": "mp3", "sample_rate": 24000}
    cloned = clone | {"ref_audio": CLIP, "ref_text": None, "webhook_url": HOOK}
    spec = spec_of(ledger, client.post(f"{BASE}/txt2audio", **n8n_form(cloned)))
    assert (spec.source, spec.ref_text) == ("reference", None)
    heard = {"include_ts": True, "model": "WhisperLargeV3", "webhook_url": HOOK}
    spec = spec_of(ledger, client.post(f"{BASE}/audiofile2txt", **n8n_form({"audio": WAV} | heard)))
    assert isinstance(spec, TranscriptionSpec)
    spec = spec_of(ledger, client.post(f"{BASE}/vid2txt", json=heard | {"video_url": "https://93.184.215.14/a.mp4"}))
    assert spec.source_url == "https://93.184.215.14/a.mp4"


def test_the_n8n_node_names_a_default_voice(client: TestClient, ledger: Ledger) -> None:
    said = {"text": "Hello.", "mode": "custom_voice", "speed": 1, "format": "mp3", "sample_rate": 24000}
    said |= {"voice": "default", "webhook_url": HOOK}
    spec = spec_of(ledger, client.post(f"{BASE}/txt2audio", json=said | {"model": "Chatterbox", "lang": "en"}))
    assert isinstance(spec, CloneSpec)
    assert (spec.source, spec.voice) == ("stock", "af_heart")
    actor = said | {"model": "Qwen3_TTS_12Hz_1_7B_CustomVoice", "lang": "English"}
    spec = spec_of(ledger, client.post(f"{BASE}/txt2audio", json=actor))
    assert (spec.model, spec.source, spec.voice) == ("qwen3-tts-voices", "stock", "Vivian")


def test_the_mcp_server(listener: Listener) -> None:
    client = listener.client
    form = {"include_ts": "true", "model": "WhisperLargeV3", "return_result_in_response": "true"}
    request_id = listener.hear(f"{BASE}/audiofile2txt", data=form, files={"audio": ("audio.mp3", WAV, "audio/mpeg")})
    assert listener.status(request_id, 1)["result"]
    # It sends a price's fields as a form that is not multipart.
    priced = client.post(f"{BASE}/audiofile2txt/price-calculation", data=form | {"duration_seconds": "90"})
    assert priced.json() == {"data": {"price": 0.0}}
    said = {"text": "Hello.", "model": "Kokoro", "voice": "af_sky", "lang": "en-us", "speed": 1.0, "format": "flac"}
    said |= {"sample_rate": 24000, "return_result_in_response": False}
    assert client.post(f"{BASE}/txt2audio", json=said).status_code == 200
    assert client.post(f"{BASE}/txt2audio/price-calculation", json=said).json() == {"data": {"price": 0.0}}
    assert client.get(f"{BASE}/balance").json()["data"]["balance"] > 0.49


def test_the_tester(listener: Listener) -> None:
    form = {"model": "WhisperLargeV3Ct2", "include_ts": "true", "ts_level": "word", "diarize": "true", "lang": "auto"}
    request_id = listener.hear("/api/v2/audio/transcriptions", data=form, files={"source_file": WAV}, parts=TURNS)
    done = listener.status(request_id)
    assert (done["transcription"]["structured"], done["price"]["is_estimated"]) == (True, False)
    heard = listener.client.get(done["result_url"]).json()
    assert set(heard["segments"][0]) == {"start", "end", "text", "avg_logprob", "speaker", "words"}
    assert set(heard["segments"][0]["words"][0]) == {"word", "start", "end", "score", "speaker"}
    alone = listener.hear("/api/v2/audio/transcriptions", data=form, files={"source_file": WAV}, parts=(part(0, "A"),))
    heard = listener.client.get(listener.status(alone)["result_url"]).json()
    assert "speaker" not in heard["segments"][0]
