"""Requests by plan, counted in a real Valkey."""

from collections.abc import Callable

import pytest
import redis
from fastapi import FastAPI
from fastapi.testclient import TestClient

from jobs.database import Database
from jobs.keys import Keys
from jobs.ledger import Job
from jobs.plans import BUILT_IN, Plan, Plans
from jobs.settings import Settings
from server.hall import Hall
from server.rates import Rates

SPEECH = {"kind": "speech", "text": "Hello.", "voice": "af_heart"}
HEADERS = {
    "/v1/audio/speech": ["x-ratelimit-limit-requests", "x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"],
    "/api/v2/audio/speech": [
        "x-ratelimit-daily-limit",
        "x-ratelimit-daily-remaining",
        "x-ratelimit-limit",
        "x-ratelimit-remaining",
        "x-ratelimit-type",
    ],
    "/v1/tts/": ["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"],
    "/v1/inferences-tts": [],
    "/v1/jobs/text-to-speech": [],
    "/jobs": ["ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"],
}


@pytest.fixture
def planned(hall: Hall, database: Database, secret: str) -> Callable[[Plan], str]:
    """Puts the caller on a plan; gives the key's id."""

    def put(plan: Plan) -> str:
        object.__setattr__(hall, "plans", Plans({**BUILT_IN, "test": plan}, "unlimited"))
        key = Keys(database).check(secret)
        Keys(database).put_on(key.id, "test")
        return key.id

    return put


@pytest.mark.parametrize("path", HEADERS)
def test_every_answer_to_a_key_tells_its_rate_in_the_dialects_headers(
    client: TestClient, path: str, planned: Callable[[Plan], str]
) -> None:
    planned(Plan(requests_per_minute=3))
    for status in (400, 400, 400, 429):
        answer = client.post(path, json={})
        told = sorted(name for name in answer.headers if "ratelimit" in name)
        assert told == HEADERS[path]
        assert (answer.status_code == 429) == (status == 429)
        assert ("retry-after" in answer.headers) == (status == 429)
    assert 1 <= int(answer.headers["retry-after"]) <= 60


def test_the_numbers_are_true(client: TestClient, planned: Callable[[Plan], str]) -> None:
    planned(Plan(requests_per_minute=3))
    left = [client.post("/jobs", json=SPEECH).headers["ratelimit-remaining"] for _ in range(3)]
    assert left == ["2", "1", "0"]
    refused = client.post("/jobs", json=SPEECH)
    assert (refused.status_code, refused.headers["ratelimit-remaining"]) == (429, "0")
    assert refused.json()["error"]["code"] == "rate_limited"
    assert "3 requests a minute" in refused.json()["error"]["message"]
    assert 0 < int(refused.headers["ratelimit-reset"]) <= 60


def test_the_day_has_a_limit_of_its_own(client: TestClient, planned: Callable[[Plan], str]) -> None:
    planned(Plan(requests_per_minute=10, requests_per_day=1))
    body = {"model": "Kokoro", "text": "Hello there.", "voice": "af_heart", "lang": "en-us", "mode": "custom_voice"}
    first, second = (client.post("/api/v2/audio/speech", json=body) for _ in range(2))
    assert (first.headers["x-ratelimit-daily-limit"], first.headers["x-ratelimit-daily-remaining"]) == ("1", "0")
    assert (second.status_code, second.headers["x-ratelimit-type"]) == (429, "daily")
    assert int(second.headers["retry-after"]) >= 1


def test_polls_and_prices_do_not_count(
    client: TestClient, planned: Callable[[Plan], str], add_job: Callable[[], Job]
) -> None:
    planned(Plan(requests_per_minute=1))
    job = add_job()
    for _ in range(3):
        assert client.get(f"/jobs/{job.id}").headers["ratelimit-remaining"] == "1"
    assert client.post(f"/jobs/{job.id}/cancel").headers["ratelimit-remaining"] == "1"
    assert client.post("/api/v2/audio/speech/price", json={}).headers["x-ratelimit-remaining"] == "1"
    assert client.post("/jobs", json=SPEECH).status_code == 202


def test_an_error_that_no_handler_foresaw_tells_the_rate_too(app: FastAPI, client: TestClient) -> None:
    def broken() -> None:
        raise ZeroDivisionError

    app.router.add_api_route("/v1/tts/broken/", broken)
    answer = client.get("/v1/tts/broken/")
    assert (answer.status_code, answer.headers["x-ratelimit-limit"]) == (500, "10000")


def test_a_strangers_answer_tells_nothing(client: TestClient) -> None:
    answer = client.get("/v1/tts/", headers={"Authorization": "Bearer wrong", "x-api-key": "wrong"})
    assert "x-ratelimit-limit" not in answer.headers


def test_keys_do_not_share_a_rate(client: TestClient, planned: Callable[[Plan], str], database: Database) -> None:
    planned(Plan(requests_per_minute=1))
    other = {"x-api-key": Keys(database).create("other", plan="test")[1], "Authorization": ""}
    assert [client.post("/jobs", json=SPEECH).status_code for _ in range(2)] == [202, 429]
    assert client.post("/jobs", json=SPEECH, headers=other).status_code == 202


def test_the_count_is_gone_with_its_window(
    client: TestClient, planned: Callable[[Plan], str], settings: Settings
) -> None:
    planned(Plan(requests_per_minute=1))
    assert client.post("/jobs", json=SPEECH).status_code == 202
    with redis.Redis.from_url(settings.redis_url or "") as valkey:
        keys = list(valkey.scan_iter("voxhall:rate*"))
        assert all(0 < valkey.ttl(key) <= 86_400 for key in keys)
        valkey.delete(*keys)
    assert client.post("/jobs", json=SPEECH).status_code == 202


def test_without_redis_nobody_is_refused(client: TestClient, planned: Callable[[Plan], str], hall: Hall) -> None:
    planned(Plan(requests_per_minute=1))
    object.__setattr__(hall, "rates", Rates("redis://127.0.0.1:1"))
    answers = [client.post("/jobs", json=SPEECH) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [202, 202, 202]
    assert "ratelimit-limit" not in answers[0].headers
