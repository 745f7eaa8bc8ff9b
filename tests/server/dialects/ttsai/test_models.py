from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.server.conftest import RvcVoices
from tests.server.dialects.ttsai.conftest import shape


def named(models: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {model["id"]: model for model in models}


def test_what_is_installed_is_listed_with_what_it_can_do(client: TestClient) -> None:
    models = named(client.get("/v1/models/").json()["models"])
    assert models["kokoro"] | {"name": "?"} == {
        "id": "kokoro",
        "name": "?",
        "display_name": "Kokoro 82M v1.0",
        "model": "kokoro",
        "type": "tts",
        "tier": "free",
        "languages": ["en", "es", "fr", "hi", "it", "ja", "pt", "zh"],
        "supports_cloning": False,
        "supports_streaming": True,
        "supports_instructions": False,
        "credits_per_1k_chars": 1_000,
        "credits_per_1k": 1_000,
    }
    assert models["chatterbox"]["model"] == "chatterbox-english"
    assert (models["chatterbox"]["tier"], models["chatterbox"]["supports_cloning"]) == ("premium", True)
    assert models["chatterbox"]["credits_per_1k_chars"] == 4_000
    assert "pocket-tts" not in models
    assert "Chatterbox" not in models


def test_the_python_clients_name_is_the_id(client: TestClient) -> None:
    models = client.get("/api/v1/models/").json()["models"]
    assert models
    assert all(model["name"] == model["id"] for model in models)


@pytest.mark.parametrize("path", ["/v1/speech/models/", "/api/v1/speech/models/"])
def test_the_larger_list_has_those_that_listen_and_change(client: TestClient, rvc: RvcVoices, path: str) -> None:
    rvc.install("whisper-base", "qwen3-tts-voices")
    body = client.get(path).json()
    assert [model["id"] for model in body["stt_models"]] == ["whisper-base"]
    assert body["stt_models"][0]["type"] == "stt"
    assert "openvoice" in named(body["voice_conversion_models"])
    assert "kokoro" in named(body["tts_models"])
    assert "kokoro" not in named(body["voice_clone_models"])
    assert {"qwen3-tts-voices", "qwen3-tts"} == {*body["instructions_supported_models"]}


def test_the_slash_tells_whose_models_they_are(client: TestClient) -> None:
    assert client.get("/v1/models").json()["object"] == "list"
    stranger = {b"authorization": b"", b"x-api-key": b""}
    refused = client.get("/v1/models/", headers=stranger)
    shape(refused.json())
    assert refused.status_code == 401
    assert "param" in client.get("/v1/models/nothing").json()["error"]
    assert "message" not in client.get("/v1/models/nothing").json()
