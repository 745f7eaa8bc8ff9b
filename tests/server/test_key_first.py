from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient


@pytest.fixture
def stranger(app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


@pytest.mark.parametrize(
    ("path", "status"),
    [("/v1/audio/speech", 401), ("/v1/audio/transcriptions", 401), ("/v1/inferences-tts", 403), ("/jobs", 401)],
)
def test_a_strangers_body_is_not_read(stranger: TestClient, path: str, status: int) -> None:
    """Else a broken body would be complained of first, and a large one taken whole."""
    read = []

    def body() -> Iterator[bytes]:
        for _ in range(4):
            read.append(1)
            yield b"{broken"

    for headers in ({}, {"Authorization": "Bearer wrong"}, {"x-api-key": "wrong"}):
        answer = stranger.post(path, content=body(), headers=headers | {"content-type": "application/json"})
        assert answer.status_code == status


def test_a_caller_with_a_key_is_told_what_is_wrong_with_the_body(client: TestClient) -> None:
    answer = client.post("/v1/audio/speech", content=b"{broken", headers={"content-type": "application/json"})
    assert answer.status_code == 400


def test_a_prompt_that_is_too_long_is_the_callers_to_mend(client: TestClient) -> None:
    form = {"model": "whisper-1", "prompt": "a" * 2_001}
    answer = client.post("/v1/audio/transcriptions", data=form, files={"file": b"x"})
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "prompt")


def test_a_streamed_transcript_is_refused_rather_than_left_out(client: TestClient) -> None:
    form = {"model": "whisper-1", "stream": "true"}
    answer = client.post("/v1/audio/transcriptions", data=form, files={"file": b"x"})
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "stream")
