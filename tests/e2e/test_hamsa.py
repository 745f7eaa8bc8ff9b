"""Hamsa's contract on real models: what is spoken in real time is heard again, and the key stays out of the log."""

import base64
import io
import json
import wave
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from websockets.sync.client import connect

from tests.e2e.product import KEY, Product, until
from tests.e2e.texts import SENTENCE

RATE = 16_000
SPOKEN = {"text": SENTENCE, "speaker": "Emma", "dialect": "en", "mulaw": False}


@pytest.fixture(scope="module")
def hamsa(product: Product) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=product.url, headers={"Authorization": f"Token {KEY}"}, timeout=120) as client:
        yield client


@pytest.fixture(scope="module")
def streamed(hamsa: httpx.Client) -> bytes:
    """Raw samples, as the official plugin asks for them."""
    answer = hamsa.post("/v1/realtime/tts-stream", json=SPOKEN)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "audio/wav")
    return answer.content


def as_wav(samples: bytes) -> str:
    file = io.BytesIO()
    with wave.open(file, "wb") as wav:
        wav.setparams((1, 2, RATE, 0, "NONE", ""))
        wav.writeframes(samples)
    return base64.b64encode(file.getvalue()).decode()


def test_what_is_spoken_is_heard(hamsa: httpx.Client, streamed: bytes) -> None:
    body = {"audioBase64": as_wav(streamed), "language": "en", "isEosEnabled": False, "eosThreshold": 0.3}
    answer = hamsa.post("/v1/realtime/stt", json=body).json()
    assert answer["success"]
    assert "lighthouse keeper" in answer["data"]["text"]


def test_both_on_one_socket(product: Product, streamed: bytes) -> None:
    address = product.url.replace("http", "ws", 1)
    with connect(f"{address}/v1/realtime/ws?api_key={KEY}", max_size=None) as socket:
        assert json.loads(socket.recv(60))["type"] == "info"
        socket.send(json.dumps({"type": "tts", "payload": SPOKEN | {"languageId": "en"}}))
        assert json.loads(socket.recv(60))["type"] == "ack"
        samples = b""
        while isinstance(frame := socket.recv(120), bytes):
            samples += frame
        assert json.loads(frame)["type"] == "end"
        assert len(samples) == pytest.approx(len(streamed), rel=0.02)
        socket.send(json.dumps({"type": "stt", "payload": {"audioBase64": as_wav(samples), "language": "en"}}))
        assert "lighthouse keeper" in str(socket.recv(120))


def test_a_job(hamsa: httpx.Client) -> None:
    job = hamsa.post("/v1/jobs/text-to-speech", json={"voiceId": "James", "text": SENTENCE}).json()["data"]

    def look() -> dict[str, Any] | None:
        data: dict[str, Any] = hamsa.get("/v1/jobs", params={"jobId": job["id"]}).json()["data"]
        return data if data["status"] != "PENDING" else None

    done = until(look) or {}
    assert done["status"] == "COMPLETED"
    assert httpx.get(done["mediaUrl"]).content.startswith(b"RIFF")
    assert float(done["usageTime"]) > 2
    histories = hamsa.get("/v2/tts/histories").json()["data"]["ttsHistories"]
    assert job["id"] in [one["id"] for one in histories]
