"""TwinTune's speech in a saved voice; its stock voices are spoken end to end."""

import pytest
from fastapi.testclient import TestClient

from jobs.database import Database
from jobs.keys import Keys
from jobs.ledger import Ledger
from jobs.specs import CloneSpec
from tests.server.conftest import Puppet, SavedVoices

PATH = "/v1/inferences-tts"
MULTILINGUAL = "chatterbox-multilingual"


@pytest.fixture(autouse=True)
def anna(saved: SavedVoices) -> str:
    saved.install("kokoro", MULTILINGUAL)
    return saved.add("Anna")


def test_a_saved_voice_speaks(client: TestClient, ledger: Ledger, puppet: Puppet, anna: str) -> None:
    answer = client.post(PATH, json={"tts_text": "Good evening.", "tts_voice": "Anna"})
    body = answer.json()
    assert (answer.status_code, answer.headers["x-voxhall-model"]) == (200, MULTILINGUAL)
    assert (body["modelId"], body["status"], body["type"]) == ("Anna", "RUNNING", "TTS")
    spec = ledger.get(body["inferenceId"]).spec
    assert isinstance(spec, CloneSpec)
    assert (spec.voice, spec.source) == (anna, "saved")
    puppet.deliver(puppet.claim("clone"), "clone.mp3", b"sound", media_type="audio/mpeg")
    done = client.get(f"{PATH}/{body['inferenceId']}").json()
    assert (done["status"], client.get(done["inferenceUrl"]).content) == ("SUCCESS", b"sound")


def test_clones_are_listed_among_the_speech(client: TestClient) -> None:
    for voice in ("Anna", "af_heart"):
        assert client.post(PATH, json={"tts_text": "Good evening.", "tts_voice": voice}).status_code == 200
    listed = client.get(PATH).json()
    assert [one["modelId"] for one in listed["data"]] == ["af_heart", "Anna"]
    assert listed["meta"]["total"] == 2
    assert client.get("/v1/inferences-vc").json()["data"] == []


def test_a_strangers_voice_is_none(client: TestClient, saved: SavedVoices, database: Database) -> None:
    foreign = saved.add("Bert", key_id=Keys(database).create("other")[0].id)
    answer = client.post(PATH, json={"tts_text": "Good evening.", "tts_voice": "Bert"})
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == ["body", "tts_voice"]
    for unknown in (foreign, "0" * 32):
        assert client.post(PATH, json={"tts_text": "Good evening.", "tts_voice": unknown}).status_code == 422
