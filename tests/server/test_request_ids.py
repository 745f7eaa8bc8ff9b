"""Every answer has an id, whoever gives it."""

import logging
import re

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from openai import NotFoundError, OpenAI

from tests.server.conftest import listening

ID = "req_[0-9a-f]{32}"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/models", 200),
        ("GET", "/v1/models/nonsense", 404),
        ("PUT", "/v1/audio/speech", 405),
        ("POST", "/v1/audio/speech", 400),
        ("GET", "/nonsense", 404),
        ("GET", "/v1/inferences-tts", 200),
    ],
)
def test_answers_and_errors_have_one(client: TestClient, method: str, path: str, status: int) -> None:
    answers = [client.request(method, path, headers={"x-request-id": "mine"}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [status] * 2
    ids = {answer.headers["x-request-id"] for answer in answers}
    assert len(ids) == 2
    assert all(re.fullmatch(ID, one) for one in ids)


def test_so_have_those_of_strangers_and_of_bodies_that_are_too_large(client: TestClient) -> None:
    stranger = client.post("/v1/audio/speech", json={}, headers={"Authorization": "Bearer x", "x-api-key": "x"})
    too_large = client.post("/v1/audio/speech", content=b" " * 3_000_000, headers={"Content-Type": "application/json"})
    for answer, status in ((stranger, 401), (too_large, 413)):
        assert answer.status_code == status
        assert re.fullmatch(ID, answer.headers["x-request-id"])


def test_an_error_that_nobody_expected_is_found_in_the_log_by_it(
    app: FastAPI, client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    @app.get("/v1/audio/breaks")
    def breaks() -> None:
        raise RuntimeError("a secret")

    with caplog.at_level(logging.ERROR, "server.app"):
        answer = client.get("/v1/audio/breaks")
    assert (answer.status_code, answer.json()["error"]["type"]) == (500, "server_error")
    [record] = [record for record in caplog.records if record.name == "server.app"]
    assert vars(record)["request"] == answer.headers["x-request-id"]


def test_openais_client_tells_it(app: FastAPI, secret: str) -> None:
    with listening(app) as address, OpenAI(base_url=f"{address}/v1", api_key=secret, max_retries=0) as openai:
        assert re.fullmatch(ID, openai.models.list()._request_id or "")
        with pytest.raises(NotFoundError) as refused:
            openai.models.retrieve("nonsense")
    assert re.fullmatch(ID, refused.value.request_id or "")
