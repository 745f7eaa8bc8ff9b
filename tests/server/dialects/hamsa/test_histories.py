from concurrent.futures import ThreadPoolExecutor

from fastapi.testclient import TestClient

from jobs.ledger import Ledger
from jobs.specs import CloneSpec, SpeechSpec
from tests.server.conftest import Puppet, SavedVoices
from tests.server.dialects.hamsa.conftest import ARABIC, refused

HISTORIES = "/v2/tts/histories"


def test_a_history_is_spoken_and_listed(
    client: TestClient, ledger: Ledger, puppet: Puppet, pool: ThreadPoolExecutor, voices: SavedVoices
) -> None:
    body = {"voiceId": "Layan", "text": ARABIC, "apiKey": "x", "config": {"speed": 1.2, "expressiveness": 1.5}}
    waiting = pool.submit(client.post, HISTORIES, json=body)
    claim = puppet.claim("clone")
    spec = ledger.get(claim.job_id).spec
    assert isinstance(spec, CloneSpec)
    assert (spec.speed, spec.exaggeration) == (1.2, 0.75)
    puppet.deliver(claim, "speech.wav", b"RIFF", media_type="audio/wav", duration=1.0)
    made = waiting.result(30).json()["data"]
    assert (made["script"], made["ttsVoice"]) == (
        ARABIC,
        {"name": "Layan", "dialect": {"languageCode": "pls", "language": "Palestinian"}},
    )
    assert client.get(made["downloadUrl"]).content == b"RIFF"
    data = client.get(HISTORIES, params={"page": 1, "perPage": 2, "projectId": "x"}).json()["data"]
    assert (data["page"], data["totalPages"], data["totalCount"]) == (1, 1, 1)
    assert [one["id"] for one in data["ttsHistories"]] == [made["id"]]
    assert set(data["ttsHistories"][0]) == {"id", "audio", "downloadUrl", "script", "createdAt", "ttsVoice"}


def test_a_stock_voice(
    client: TestClient, ledger: Ledger, puppet: Puppet, pool: ThreadPoolExecutor, voices: SavedVoices
) -> None:
    waiting = pool.submit(client.post, HISTORIES, json={"voiceId": "af_bella", "text": "Hello."})
    claim = puppet.claim()
    assert isinstance(ledger.get(claim.job_id).spec, SpeechSpec)
    puppet.deliver(claim, "speech.wav", b"RIFF", media_type="audio/wav", duration=1.0)
    assert waiting.result(30).json()["data"]["ttsVoice"]["dialect"] == {"languageCode": "en", "language": "English"}


def test_an_english_speaker_keeps_its_name(
    client: TestClient, puppet: Puppet, pool: ThreadPoolExecutor, voices: SavedVoices
) -> None:
    waiting = pool.submit(client.post, HISTORIES, json={"voiceId": "emma", "text": "Hello to all of you."})
    puppet.deliver(puppet.claim(), "speech.wav", b"RIFF", media_type="audio/wav", duration=1.0)
    made = waiting.result(30).json()["data"]
    assert made["ttsVoice"] == {"name": "Emma", "dialect": {"languageCode": "en", "language": "English"}}
    (listed,) = client.post("/v1/jobs/all", json={}).json()["data"]["jobs"]
    assert listed["attributes"]["voice"] == "Emma"
    assert client.get("/v1/jobs", params={"jobId": made["id"]}).json()["data"]["ttsVoiceId"] == "Emma"


def test_what_waits_is_no_history_yet(client: TestClient, voices: SavedVoices) -> None:
    client.post("/v1/jobs/text-to-speech", json={"voiceId": "af_bella", "text": "Hello."})
    assert client.get(HISTORIES).json()["data"]["totalCount"] == 0


def test_what_is_refused(client: TestClient, voices: SavedVoices) -> None:
    assert "3000" in refused(client.post(HISTORIES, json={"voiceId": "Emma", "text": "a" * 3001}), 400)
    assert "speed" in refused(
        client.post(HISTORIES, json={"voiceId": "Emma", "text": "a", "config": {"speed": 9}}), 400
    )
    assert "voiceId" in refused(client.post(HISTORIES, json={"text": "Hello."}), 400)
