"""What the tests of deAPI's paths share: its requests, and transcripts as a worker leaves them."""

import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from jobs.ledger import Ledger
from jobs.settings import Settings
from jobs.specs import TranscriptionSpec
from server.hall import Hall
from tests.server.conftest import Puppet, RvcVoices

Change = Callable[..., None]


@pytest.fixture
def models(rvc: RvcVoices) -> RvcVoices:
    """What is installed: a model of each kind."""
    rvc.install("kokoro", "spacy-en", "qwen3-tts-base", "qwen3-tts-design", "qwen3-tts-voices")
    rvc.install("whisper-base", "campplus")
    return rvc


@pytest.fixture
def change(hall: Hall) -> Change:
    """Settings of the running server."""

    def changed(**settings: Any) -> None:
        new = Settings.model_validate(hall.settings.model_dump() | settings)
        object.__setattr__(hall, "settings", new)

    return changed


def part(index: int, text: str, speaker: str | None = None) -> dict[str, Any]:
    words = [
        {"word": f" {word}", "start": float(index), "end": index + 0.5, "probability": 0.5, "speaker": speaker}
        for word in text.split()
    ]
    said = {"id": index, "start": float(index), "end": index + 0.9, "text": f" {text}", "avg_logprob": -0.3}
    return said | {"words": words, "speaker": speaker}


def transcript(*parts: dict[str, Any]) -> bytes:
    content = {
        "text": "".join(part["text"] for part in parts).strip(),
        "task": "transcribe",
        "language": "en",
        "language_probability": 0.9,
        "duration": 3.0,
        "segments": parts,
        "speakers": list(dict.fromkeys(part["speaker"] for part in parts if part["speaker"])),
        "warnings": [],
    }
    return json.dumps(content).encode()


TURNS = (part(0, "Good evening.", "B"), part(1, "Come in.", "A"), part(61, "It is cold.", "B"))


class Listener:
    """Asks for transcripts, and plays the worker."""

    def __init__(self, client: TestClient, ledger: Ledger, puppet: Puppet) -> None:
        self.client = client
        self.ledger = ledger
        self.puppet = puppet

    def spec(self, path: str, **sent: Any) -> TranscriptionSpec:
        answer = self.client.post(path, **sent)
        assert answer.status_code == 200, answer.text
        spec = self.ledger.get(uuid.UUID(answer.json()["data"]["request_id"]).hex).spec
        assert isinstance(spec, TranscriptionSpec)
        return spec

    def hear(self, path: str, *, parts: tuple[dict[str, Any], ...] = TURNS, **sent: Any) -> str:
        """The id of a request that is done."""
        answer = self.client.post(path, **sent)
        assert answer.status_code == 200, answer.text
        claim = self.puppet.claim("transcription")
        self.puppet.deliver(claim, "transcript.json", transcript(*parts), language="en", duration=3.0, segments=3)
        return str(answer.json()["data"]["request_id"])

    def status(self, request_id: str, version: int = 2) -> dict[str, Any]:
        path = {1: "/api/v1/client/request-status/", 2: "/api/v2/jobs/"}[version]
        answer = self.client.get(path + request_id)
        assert answer.status_code == 200, answer.text
        data: dict[str, Any] = answer.json()["data"]
        return data


@pytest.fixture
def listener(client: TestClient, ledger: Ledger, puppet: Puppet) -> Listener:
    return Listener(client, ledger, puppet)


def refused(answer: Any) -> dict[str, list[str]]:
    """The wrong fields of an answer 422."""
    body = answer.json()
    assert (answer.status_code, set(body)) == (422, {"message", "errors"}), answer.text
    assert body["message"]
    errors: dict[str, list[str]] = body["errors"]
    return errors
