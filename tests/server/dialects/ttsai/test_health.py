import pytest
from fastapi.testclient import TestClient

from jobs.presence import Presence
from jobs.specs import QUEUES
from server.hall import Hall
from tests.server.dialects.ttsai.test_voices import STRANGER


def present(hall: Hall, *queues: str) -> None:
    presence = Presence("w", "speech", [*queues], "cpu", ready=True, models=["kokoro", "chatterbox-english"])
    hall.presences.announce(presence)


@pytest.mark.parametrize("path", ["/v1/health/", "/api/v1/health/"])
def test_real_numbers_for_anyone(client: TestClient, hall: Hall, path: str) -> None:
    present(hall, *QUEUES)
    client.post("/v1/tts/", json={"text": "Hello.", "voice": "af_bella"})
    answer = client.get(path, headers=STRANGER)
    body = answer.json()
    assert (answer.status_code, body["status"], body["queue_size"]) == (200, "online", 1)
    assert body["models_loaded"] == ["chatterbox-english", "kokoro"]
    assert isinstance(body["latency_ms"], int)


def test_what_is_seen_is_told_for_half_a_minute(client: TestClient, hall: Hall) -> None:
    before = client.get("/v1/health/")
    assert (before.json()["status"], before.headers["cache-control"]) == ("offline", "max-age=30")
    present(hall, *QUEUES)
    assert client.get("/v1/health/").json() == before.json()


def test_some_kind_of_work_is_not_done_yet(client: TestClient, hall: Hall) -> None:
    present(hall, "speech")
    assert client.get("/v1/health/").json()["status"] == "starting"
