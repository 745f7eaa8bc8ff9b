import asyncio
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

STRANGERS: tuple[list[tuple[bytes, bytes]], ...] = (
    [],
    [(b"authorization", b"Bearer wrong")],
    [(b"x-api-key", b"wrong")],
)


@pytest.mark.parametrize("given", STRANGERS)
@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/v1/audio/speech", 401),
        ("POST", "/v1/audio/transcriptions", 401),
        ("POST", "/v1/inferences-tts", 403),
        ("POST", "/jobs", 401),
        ("POST", "/voices/rvc", 401),
        ("PUT", "/pronunciations", 401),
    ],
)
@pytest.mark.usefixtures("client")
def test_a_strangers_body_is_not_read(
    app: FastAPI, method: str, path: str, status: int, given: list[tuple[bytes, bytes]]
) -> None:
    """Else a broken body would be complained of first, and a large one taken whole. What is read after the answer has
    begun is dropped (`server.unread`)."""
    read: list[int] = []
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        read.append(len(sent))
        return {"type": "http.request", "body": b"{broken", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"content-type", b"application/json"), (b"content-length", b"99999999999"), *given]
    scope = {"type": "http", "method": method, "path": path, "query_string": b"", "headers": headers, "root_path": ""}
    asyncio.run(app({**scope, "scheme": "http", "server": ("here", 80), "http_version": "1.1"}, receive, send))
    assert (sent[0]["status"], 0 in read) == (status, False)


def test_a_caller_with_a_key_is_told_what_is_wrong_with_the_body(client: TestClient) -> None:
    answer = client.post("/v1/audio/speech", content=b"{broken", headers={"content-type": "application/json"})
    assert answer.status_code == 400


def test_a_prompt_that_is_too_long_is_the_callers_to_mend(client: TestClient) -> None:
    form = {"model": "whisper-1", "prompt": "a" * 2_001}
    answer = client.post("/v1/audio/transcriptions", data=form, files={"file": b"x"})
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "prompt")


@pytest.mark.parametrize(
    "path",
    [
        "/v1/audio/speech",
        "/v1/inferences-tts",
        "/api/v1/client/txt2audio",
        "/v1/tts/",
        "/v1/jobs/text-to-speech",
        "/jobs",
    ],
)
def test_a_ledger_that_is_away_is_no_fault_of_the_body(app: FastAPI, client: TestClient, path: str) -> None:
    def away(*_: Any) -> None:
        raise OperationalError("SELECT", None, ConnectionError("it is away"))

    engine = app.state.hall.database.engine
    event.listen(engine, "checkout", away)
    answer = client.post(path, json={"text": "Hello."})
    event.remove(engine, "checkout", away)
    assert answer.status_code == 503
    assert "The ledger does not answer; try again soon." in answer.text
