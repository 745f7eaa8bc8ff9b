from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from fastapi.testclient import TestClient

from jobs.ledger import Ledger
from jobs.specs import CloneSpec, EmbeddingSpec, SpeechSpec
from tests.audio.recordings import babble, recording
from tests.server.conftest import Puppet, RvcVoices

TTS, JOBS, PRELOAD = "/v1/jobs/text-to-speech", "/v1/jobs", "/v2/tts/voices/custom/preload"
CLIP = recording("wav", "pcm_s16le", babble(1.0))


@pytest.fixture(autouse=True)
def models(rvc: RvcVoices) -> None:
    rvc.install("kokoro", "spacy-en", "chatterbox-multilingual")


@pytest.fixture
def nina(rvc: RvcVoices) -> str:
    return rvc.add("Nina", kind="clone", text="Hello.", language="en", seconds=8.0, model=None)


def refused(answer: Any, status: int) -> str:
    body = answer.json()
    assert (answer.status_code, body["code"], set(body)) == (status, status, {"code", "message"})
    said: str = body["message"]
    assert said
    return said


def test_a_text_in_a_saved_voice_from_its_queue_to_its_audio(
    client: TestClient, ledger: Ledger, puppet: Puppet, nina: str
) -> None:
    answer = client.post(TTS, json={"voiceId": nina, "text": "أهلاً و سهلاً بكم في همسة!", "webhookUrl": None})
    body = answer.json()
    assert (answer.status_code, body["success"], body["message"]) == (200, True, "success")
    assert answer.headers["x-voxhall-model"] == "chatterbox-multilingual"
    data = body["data"]
    assert (data["type"], data["status"], data["mediaUrl"], data["ttsVoiceId"]) == ("TTS", "PENDING", None, nina)
    assert data["jobResponse"] == {"text": "أهلاً و سهلاً بكم في همسة!", "ttsMediaFile": None}
    job = ledger.get(data["id"].replace("-", ""))
    assert isinstance(job.spec, CloneSpec)
    assert (job.dialect, job.spec.language, job.spec.format) == ("hamsa", "ar", "wav")
    polled = client.get(JOBS, params={"jobId": data["id"]}).json()
    assert polled == {"previewUrl": None, **body}
    puppet.deliver(puppet.claim("clone"), "speech.wav", CLIP, media_type="audio/wav", duration=1.0)
    done = client.get(JOBS, params={"jobId": data["id"]}).json()["data"]
    assert done["status"] == "COMPLETED"
    assert done["mediaUrl"] == done["jobResponse"]["ttsMediaFile"]
    assert client.get(done["mediaUrl"], headers={b"authorization": b"", b"x-api-key": b""}).content == CLIP


def test_a_job_that_failed(client: TestClient, puppet: Puppet, nina: str) -> None:
    job_id = client.post(TTS, json={"voiceId": "Nina", "text": "Hello."}).json()["data"]["id"]
    puppet.fail(puppet.claim("clone"), "unknown_voice", "The voice was removed.")
    data = client.get(JOBS, params={"jobId": job_id}).json()["data"]
    assert (data["status"], data["jobResponse"]["error"]) == ("FAILED", "The voice was removed.")


def test_a_stock_voice_speaks_too(client: TestClient, ledger: Ledger) -> None:
    data = client.post(TTS, json={"voiceId": "af_bella", "text": "Hello."}).json()["data"]
    assert isinstance(ledger.get(data["id"].replace("-", "")).spec, SpeechSpec)


def test_the_key_is_taken_in_every_documented_form(client: TestClient, secret: str) -> None:
    nobody = {"authorization": "", "x-api-key": ""}
    body = {"voiceId": "af_bella", "text": "Hello."}
    for given in (
        {"authorization": f"Token {secret}"},
        {"authorization": f"token {secret}"},
        {"authorization": f"Bearer {secret}"},
        {"x-api-key": secret},
    ):
        assert client.post(TTS, json=body, headers=nobody | given).status_code == 200
    for given in (
        {},
        {"authorization": "Token wrong"},
        {"authorization": f"Basic {secret}"},
        {"authorization": secret},
        {"x-api-key": "wrong"},
    ):
        answer = client.post(TTS, json=body, headers=nobody | given)
        refused(answer, 401)
        assert answer.headers["www-authenticate"] == "Token"


@pytest.mark.parametrize("field", ["voiceId", "voice_id"])
def test_a_voice_is_preloaded(
    client: TestClient, puppet: Puppet, pool: ThreadPoolExecutor, nina: str, field: str
) -> None:
    waiting = pool.submit(client.post, PRELOAD, json={field: nina})
    claim = puppet.claim("clone")
    spec = puppet.ledger.get(claim.job_id).spec
    puppet.finish(claim)
    answer = waiting.result(30)
    assert spec == EmbeddingSpec(voice=nina, model="chatterbox-multilingual")
    assert claim.interactive
    assert (answer.status_code, answer.json()) == (
        200,
        {"success": True, "message": "Custom voice have been preloaded successfully", "data": []},
    )


def test_a_voice_that_is_not_there(client: TestClient, rvc: RvcVoices, nina: str, key_id: str) -> None:
    foreign = rvc.add("Theirs", key_id=key_id, kind="clone", language="en", seconds=8.0, model=None)
    rvc.voices.archive(nina, key_id=rvc.key_id, archived=True)
    for voice in (foreign, nina, "nobody"):
        refused(client.post(PRELOAD, json={"voiceId": voice}), 404)
        refused(client.post(TTS, json={"voiceId": voice, "text": "Hello."}), 404)


def test_errors(client: TestClient, ledger: Ledger, add_job: Any) -> None:
    assert "voiceId" in refused(client.post(TTS, json={"text": "Hello."}), 400)
    assert "text" in refused(client.post(TTS, json={"voiceId": "af_bella"}), 400)
    assert "empty" in refused(client.post(TTS, json={"voiceId": "af_bella", "text": " "}), 400)
    assert "voice" in refused(client.post(PRELOAD, json={}), 400)
    refused(client.post(TTS, content=b"{", headers={"content-type": "application/json"}), 400)
    refused(client.get(JOBS), 400)
    assert ledger.waiting() == {}
    for job_id in ("nothing", "0" * 32, add_job().id):
        refused(client.get(JOBS, params={"jobId": job_id}), 404)
