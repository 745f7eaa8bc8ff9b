"""TwinTune's speech in a saved voice; its stock voices are spoken end to end."""

from typing import Any

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


def test_a_page_behind_the_last_one_leads_back_to_it(client: TestClient) -> None:
    for _ in range(3):
        client.post(PATH, json={"tts_text": "Good evening.", "tts_voice": "af_heart"})
    page = client.get(PATH, params={"page": 9, "perPage": 2}).json()
    base = f"http://testserver{PATH}?page="
    assert page == {
        "meta": {
            "total": 3,
            "perPage": 2,
            "currentPage": 9,
            "lastPage": 2,
            "firstPage": 1,
            "firstPageUrl": f"{base}1&perPage=2",
            "lastPageUrl": f"{base}2&perPage=2",
            "nextPageUrl": None,
            "previousPageUrl": f"{base}2&perPage=2",
        },
        "data": [],
    }


def test_an_empty_list_has_one_page(client: TestClient) -> None:
    page = client.get(PATH).json()
    assert page["data"] == []
    assert (page["meta"]["total"], page["meta"]["lastPage"], page["meta"]["nextPageUrl"]) == (0, 1, None)


def test_a_request_that_comes_again_is_one_inference(client: TestClient) -> None:
    def send(text: str) -> Any:
        body = {"tts_text": text, "tts_voice": "af_heart"}
        return client.post(PATH, json=body, headers={"Idempotency-Key": "one"})

    first, again, other = send("Good evening."), send("Good evening."), send("Good morning.")
    assert again.json()["inferenceId"] == first.json()["inferenceId"]
    assert (other.status_code, list(other.json())) == (422, ["detail"])
    assert client.get(PATH).json()["meta"]["total"] == 1


def test_a_failed_inference_is_polled_with_200(client: TestClient, puppet: Puppet) -> None:
    inference = client.post(PATH, json={"tts_text": "Good evening.", "tts_voice": "af_heart"}).json()["inferenceId"]
    puppet.fail(puppet.claim(), "internal_error", "?")
    answer = client.get(f"{PATH}/{inference}")
    body = answer.json()
    assert (answer.status_code, body["status"], body["inferenceUrl"]) == (200, "FAILED", None)
    assert body["jobStartTime"] <= body["jobEndTime"]


NO_DICT = {"loc": ["body"], "msg": "value is not a valid dict", "type": "type_error.dict"}
CUT = '{"tts_text": '


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("[]", NO_DICT),
        ('"Hello."', NO_DICT),
        ("null", NO_DICT),
        (
            CUT,
            {
                "loc": ["body", 13],
                "msg": "Expecting value: line 1 column 14 (char 13)",
                "type": "value_error.jsondecode",
                "ctx": {"msg": "Expecting value", "doc": CUT, "pos": 13, "lineno": 1, "colno": 14},
            },
        ),
        (
            r'{"tts_text": "\ud800", "tts_voice": "af_heart"}',
            {"loc": ["body", "tts_text"], "msg": "str type expected", "type": "type_error.str"},
        ),
    ],
)
def test_422_in_the_words_of_pydantic_1(client: TestClient, content: str, problem: dict[str, Any]) -> None:
    answer = client.post(PATH, content=content, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()) == (422, {"detail": [problem]})
