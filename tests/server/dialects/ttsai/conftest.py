"""A server with Kokoro, Chatterbox and OpenVoice, as far as it looks; a test plays the worker."""

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from jobs.files import REFERENCE, FileStore, voice_key
from tests.audio.recordings import babble, recording
from tests.server.conftest import RvcVoices

CLIP = recording("wav", "pcm_s16le", babble(6.0))

Post = Callable[..., Any]


@pytest.fixture(autouse=True)
def models(rvc: RvcVoices) -> None:
    rvc.install("kokoro", "spacy-en", "chatterbox-english", "openvoice")


@pytest.fixture
def nina(rvc: RvcVoices, files: FileStore) -> str:
    """The id of a saved voice."""
    voice_id = rvc.add("Nina", kind="clone", text="Hello.", language="en", seconds=8.0, model=None, description=None)
    files.put(voice_key(voice_id, REFERENCE), CLIP)
    return voice_id


@pytest.fixture
def post(client: TestClient) -> Post:
    """Sends a form with its files."""

    def send(path: str, files: dict[str, bytes] | None = None, /, **form: Any) -> Any:
        parts = {name: (f"{name}.wav", content) for name, content in (files or {}).items()}
        return client.post(path, data=form, files=parts or {"nothing": ("", b"")})

    return send


def shape(body: Any) -> None:
    """Of every error."""
    assert set(body) == {"error", "message"}
    assert set(body["error"]) == {"code", "message", "type", "param"}
    assert body["error"]["message"] == body["message"] != ""
