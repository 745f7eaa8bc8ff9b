# ruff: noqa: RUF001 - phonemes
import json
from typing import Any

import pytest
from fastapi.testclient import TestClient

from jobs.keys import Keys
from jobs.ledger import Ledger
from jobs.specs import SpeechSpec
from server.hall import Hall

WORDS = {"kubernetes": "koo ber net ease", "Nguyen": "/wˈɪn/"}


def test_a_keys_words_are_set_whole(client: TestClient, hall: Hall) -> None:
    assert client.get("/pronunciations").json() == {"pronunciations": {}}
    for words in (WORDS, {"data": "dah ta"}, {}):
        answer = client.put("/pronunciations", json={"pronunciations": words})
        assert (answer.status_code, answer.json()) == (200, {"pronunciations": words})
        assert client.get("/pronunciations").json() == {"pronunciations": words}
    client.put("/pronunciations", json={"pronunciations": WORDS})
    other = {"Authorization": f"Bearer {Keys(hall.database).create('other')[1]}"}
    assert client.get("/pronunciations", headers=other).json() == {"pronunciations": {}}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"pronunciations": ["a"]},
        {"pronunciations": {"a": 1}},
        {"pronunciations": {}, "more": 1},
        {"pronunciations": {"": "a"}},
        {"pronunciations": {"a": " "}},
        {"pronunciations": {"a": "/€/"}},
        {"pronunciations": {"a\x00": "b"}},
        {"pronunciations": {"a": "\ud800"}},
        {"pronunciations": {"a": "x" * 1_000}},
        {"pronunciations": {str(number): "so" for number in range(1_001)}},
    ],
)
def test_what_cannot_be_followed_is_refused_and_changes_nothing(client: TestClient, body: dict[str, Any]) -> None:
    client.put("/pronunciations", json={"pronunciations": WORDS})
    answer = client.put("/pronunciations", content=json.dumps(body), headers={"Content-Type": "application/json"})
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (400, "invalid_request")
    assert error["param"].startswith(("pronunciations", "more"))
    assert client.get("/pronunciations").json() == {"pronunciations": WORDS}


def test_they_go_into_the_jobs_of_every_dialect(client: TestClient, ledger: Ledger) -> None:
    client.put("/pronunciations", json={"pronunciations": WORDS})
    ids = [
        client.post("/jobs", json={"kind": "speech", "text": "Hi.", "voice": "af_sky"}).json()["id"],
        client.post("/v1/inferences-tts", json={"tts_text": "Hi.", "tts_voice": "af_sky"}).json()["inferenceId"],
    ]
    for job_id in ids:
        spec = ledger.get(job_id).spec
        assert isinstance(spec, SpeechSpec)
        assert spec.pronunciations == WORDS
