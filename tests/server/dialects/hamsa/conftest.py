"""What Hamsa's tests have in common: models that seem to be installed, a key in its own word, transcripts."""

import json
from typing import Any

import pytest

from server.hall import Hall
from tests.server.conftest import SavedVoices

ARABIC = "أهلاً و سهلاً بكم في همسة!"


@pytest.fixture
def voices(saved: SavedVoices) -> SavedVoices:
    """Where all is installed that this dialect speaks and hears with."""
    saved.install("kokoro", "spacy-en", "chatterbox-multilingual", "whisper-base")
    return saved


@pytest.fixture
def fetching(hall: Hall) -> None:
    """A server whose operator lets it fetch recordings, also from loopback, where names lead without a network."""
    settings = hall.settings.model_copy(update={"fetch_urls": True, "allow_private_urls": True})
    object.__setattr__(hall, "settings", settings)


def refused(answer: Any, status: int) -> str:
    """The message of an error in Hamsa's shape."""
    body = answer.json()
    assert (answer.status_code, body["code"], set(body)) == (status, status, {"code", "message"})
    said: str = body["message"]
    assert said
    return said


def transcript(*said: tuple[float, str, str | None], language: str = "ar") -> bytes:
    """As a worker stores it: parts of a second from `start`, each with its text and speaker."""
    segments = []
    for start, text, speaker in said:
        step = 1.0 / len(text.split())
        words = [
            {"word": f" {word}", "start": start + step * n, "end": start + step * (n + 1), "probability": 0.5}
            for n, word in enumerate(text.split())
        ]
        segments.append({"start": start, "end": start + 1.0, "text": f" {text}", "words": words, "speaker": speaker})
    content: dict[str, Any] = {
        "text": " ".join(text for _, text, _ in said),
        "task": "transcribe",
        "language": language,
        "duration": 12.5,
        "segments": segments,
        "speakers": [],
        "warnings": [],
    }
    return json.dumps(content).encode()
