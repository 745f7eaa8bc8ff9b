from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from jobs.database import Database
from jobs.settings import Settings
from server.app import create_app

TOKEN = "the-token-of-the-metrics"


@pytest.fixture
def guarded(settings: Settings, database: Database) -> Iterator[TestClient]:
    told = Settings.model_validate(settings.model_dump() | {"metrics_token": TOKEN})
    with TestClient(create_app(told)) as client:
        yield client


def test_the_token_opens_the_numbers(guarded: TestClient) -> None:
    assert guarded.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 200


def test_nothing_else_does(guarded: TestClient) -> None:
    for said in ("", "Bearer", "Bearer ", f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", f"Token {TOKEN}", "Bearer \xff"):
        answer = guarded.get("/metrics", headers={b"Authorization": said.encode("latin-1")})
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
        assert "VOXHALL_METRICS_TOKEN" in answer.json()["error"]["message"]
        assert "voxhall_jobs" not in answer.text


def test_a_callers_key_is_no_token(guarded: TestClient, secret: str) -> None:
    headers = {"Authorization": f"Bearer {secret}", "x-api-key": TOKEN}
    assert guarded.get("/metrics", headers=headers).status_code == 401


def test_a_short_token_is_refused(settings: Settings) -> None:
    with pytest.raises(ValueError, match="metrics_token"):
        Settings.model_validate(settings.model_dump() | {"metrics_token": "short"})
