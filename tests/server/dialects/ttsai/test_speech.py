from typing import Any

import pytest
from fastapi.testclient import TestClient

from jobs.ledger import Ledger
from jobs.specs import CloneSpec, SpeechSpec
from models.catalog import load_catalog
from server.dialects.ttsai.speech import Speech
from tests.server.conftest import RvcVoices
from tests.server.dialects.ttsai.conftest import shape

BODY = {"text": "Good evening.", "voice": "af_bella"}
PATHS = ["/v1/tts/", "/api/v1/tts/"]


@pytest.mark.parametrize("path", PATHS)
def test_a_text_in_a_stock_voice_is_a_queued_job(client: TestClient, ledger: Ledger, path: str) -> None:
    answer = client.post(path, json=BODY | {"model": "kokoro", "format": "ogg", "speed": 1.5, "language": "auto"})
    body = answer.json()
    assert answer.status_code == 200
    assert answer.headers["x-voxhall-model"] == "kokoro"
    assert body["job_id"].replace("-", "") == body["uuid"]
    assert (len(body["uuid"]), len(body["job_id"]), body["status"]) == (32, 36, "queued")
    job = ledger.get(body["uuid"])
    assert int(answer.headers["x-credits-used"]) == body["credits_used"] == job.credits > 0
    assert (body["credits_remaining"], body["instructions_supported"]) == (999_999_999, False)
    assert isinstance(job.spec, SpeechSpec)
    assert (job.dialect, job.interactive) == ("ttsai", False)
    assert (job.spec.voice, job.spec.format, job.spec.speed) == ("af_bella", "ogg", 1.5)


@pytest.mark.parametrize("field", ["user_voice_id", "voice"])
def test_a_saved_voice_speaks_whatever_model_and_voice_the_clients_always_send(
    client: TestClient, ledger: Ledger, nina: str, field: str
) -> None:
    answer = client.post("/api/v1/tts/", json=BODY | {"model": "kokoro", field: f"uv_{nina}"})
    assert answer.headers["x-voxhall-model"] == "chatterbox-english"
    spec = ledger.get(answer.json()["uuid"]).spec
    assert isinstance(spec, CloneSpec)
    assert (spec.source, spec.voice, spec.model) == ("saved", nina, "chatterbox-english")


def test_an_embedding_speaks_by_its_field_or_as_the_voice(client: TestClient, ledger: Ledger, rvc: RvcVoices) -> None:
    made = rvc.add("embedding 1", kind="embedding", text=None, language="en", seconds=8.0, model="chatterbox")
    for said in ({"embed_id": f"emb_{made}"}, {"voice": f"emb_{made}"}):
        spec = ledger.get(client.post("/v1/tts/", json=BODY | said).json()["uuid"]).spec
        assert isinstance(spec, CloneSpec)
        assert spec.voice == made


def test_a_described_manner_is_for_voices_that_a_model_brings(
    client: TestClient, ledger: Ledger, rvc: RvcVoices, nina: str
) -> None:
    rvc.install("qwen3-tts-voices")
    said = {"instructions": "Very angry."}
    body = client.post("/v1/tts/", json=BODY | said | {"model": "qwen3-tts", "voice": "Ryan"}).json()
    spec = ledger.get(body["uuid"]).spec
    assert isinstance(spec, CloneSpec)
    assert (spec.source, spec.voice, spec.instruct) == ("stock", "Ryan", "Very angry.")
    assert (body["instructions_supported"], body["instructions_applied"]) == (True, True)
    for other in ({}, {"user_voice_id": f"uv_{nina}"}):
        body = client.post("/v1/tts/", json=BODY | said | other).json()
        assert (body["instructions_supported"], body["instructions_applied"]) == (False, False)


def test_pronunciations_are_followed(client: TestClient, ledger: Ledger) -> None:
    body = client.post("/v1/tts/", json=BODY | {"pronunciations": {"evening": "/ivnin/"}}).json()
    spec = ledger.get(body["uuid"]).spec
    assert isinstance(spec, SpeechSpec)
    assert spec.pronunciations == {"evening": "/ivnin/"}


ERRORS: list[tuple[dict[str, Any], int, str, str]] = [
    ({"text": " "}, 400, "bad_request", "text"),
    ({"text": "a" * 100_001}, 400, "bad_request", "text"),
    ({"voice": None}, 400, "bad_request", "voice"),
    ({"voice": "nobody"}, 404, "not_found", "voice"),
    ({"user_voice_id": f"uv_{'0' * 32}"}, 404, "not_found", "voice"),
    ({"embed_id": f"emb_{'0' * 32}"}, 404, "not_found", "voice"),
    ({"speed": 2.5}, 400, "bad_request", "speed"),
    ({"format": "aiff"}, 400, "bad_request", "format"),
    ({"language": "pl"}, 400, "bad_request", "language"),
]


def test_errors(client: TestClient, ledger: Ledger) -> None:
    for change, status, code, param in ERRORS:
        answer = client.post("/v1/tts/", json=BODY | change)
        shape(answer.json())
        error = answer.json()["error"]
        assert (answer.status_code, error["code"], error["param"]) == (status, code, param), change
    assert ledger.waiting() == {}


def test_null_is_not_given(client: TestClient, ledger: Ledger) -> None:
    nothing = dict.fromkeys(Speech.model_fields) | {"text": "Hello.", "voice": "af_bella"}
    job = client.post("/v1/tts/", json=nothing).json()
    spec = ledger.get(job["uuid"]).spec
    assert isinstance(spec, SpeechSpec)
    assert (spec.speed, spec.format, spec.pronunciations) == (1.0, "mp3", {})
    batch = client.post("/v1/tts/batch/", json={"texts": [nothing], "webhook_url": None}).json()
    assert batch["items"][0]["status"] == "queued"
    for missing in ("text", "voice"):
        answer = client.post("/v1/tts/", json=nothing | {missing: None})
        assert (answer.status_code, answer.json()["error"]["param"]) == (400, missing)


def test_an_unknown_model_is_said_so_that_the_clients_know_it(client: TestClient) -> None:
    for model in ("parrot", "tortoise-xl"):
        answer = client.post("/v1/tts/", json=BODY | {"model": model})
        shape(answer.json())
        assert (answer.status_code, answer.json()["error"]["param"]) == (400, "model")
        assert "unknown model" in answer.json()["message"].lower()
        assert "kokoro" in answer.json()["message"]


def said_by(client: TestClient, ledger: Ledger, **more: str) -> tuple[str, str | None]:
    """The model and the voice that answer."""
    spec = ledger.get(client.post("/v1/tts/", json=BODY | more).json()["uuid"]).spec
    assert isinstance(spec, SpeechSpec | CloneSpec)
    return spec.model, spec.voice


def test_kokoro_stands_in_for_models_that_are_not_run_here(client: TestClient, ledger: Ledger) -> None:
    for model in ("piper", "vits", "melotts"):
        assert said_by(client, ledger, model=model) == ("kokoro", "af_bella")
        for path, strict in (("/v1/tts/?strict_models=true", True), ("/v1/tts/", False)):
            answer = client.post(path, json=BODY | {"model": model, "voice": "af_bella" if strict else "en_US-amy"})
            shape(answer.json())
            assert (answer.status_code, answer.json()["error"]["param"]) == (404, "model" if strict else "voice")


def test_without_a_model_the_voice_says_which(client: TestClient, ledger: Ledger, rvc: RvcVoices) -> None:
    rvc.install("qwen3-tts-voices")
    assert said_by(client, ledger) == ("kokoro", "af_bella")
    assert said_by(client, ledger, voice="Ryan") == ("qwen3-tts-voices", "Ryan")


def test_without_a_model_the_language_says_which(client: TestClient, ledger: Ledger, rvc: RvcVoices) -> None:
    korean = {"text": "안녕하세요, 좋은 저녁입니다.", "voice": "am_adam"}
    assert client.post("/v1/tts/", json=korean).status_code == 400
    rvc.install("qwen3-tts-voices")
    performer = load_catalog(None).model("qwen3-tts-voices")
    for more in (korean, korean | {"language": "ko"}):
        model, voice = said_by(client, ledger, **more)
        assert (model, performer.voices[voice or ""].gender) == ("qwen3-tts-voices", "male")
    # Kokoro speaks it itself.
    assert said_by(client, ledger, language="fr") == ("kokoro", "af_bella")


def test_another_keys_voice_and_one_put_aside_are_not_there(
    client: TestClient, rvc: RvcVoices, nina: str, key_id: str
) -> None:
    foreign = rvc.add("Theirs", key_id=key_id, kind="clone", language="en", seconds=8.0, model=None)
    rvc.voices.archive(nina, key_id=rvc.key_id, archived=True)
    for voice in (foreign, nina):
        answer = client.post("/v1/tts/", json=BODY | {"user_voice_id": f"uv_{voice}"})
        shape(answer.json())
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")
