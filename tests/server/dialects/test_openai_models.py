from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from server.dialects.openai.languages import LANGUAGES, language_name
from server.dialects.openai.names import TRANSCRIPTION_MODELS, is_transcription_alias, speech_model
from server.hall import Hall
from tests.server.test_transcription import without_models


def listed(client: TestClient) -> set[str]:
    return {model["id"] for model in client.get("/v1/models").json()["data"]}


def test_only_what_can_be_done_is_listed(client: TestClient, hall: Hall, models_dir: Path, tmp_path: Path) -> None:
    assert {"kokoro", "tts-1", "whisper-1", "gpt-transcribe"} <= listed(client)
    without_models(hall, tmp_path)
    assert listed(client) == set()
    (tmp_path / "whisper-base").symlink_to(models_dir / "whisper-base")
    assert "gpt-4o-transcribe" in listed(client)
    assert not listed(client) & {"tts-1", "gpt-4o-transcribe-diarize"}
    assert client.get("/v1/models/tts-1").status_code == 404


def test_every_language_of_a_model_has_a_name(hall: Hall) -> None:
    for model in hall.catalog.of_kind("transcription"):
        assert set(model.languages) <= set(LANGUAGES)
    assert len(set(LANGUAGES.values())) == len(LANGUAGES)
    assert language_name("en") == "english"


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("tts-1", "kokoro"),
        ("tts-1-1106", "kokoro"),
        ("tts-1-hd-1106", "kokoro"),
        ("gpt-4o-mini-tts-2025-12-15", "kokoro"),
        ("gpt-realtime", "gpt-realtime"),
        ("kokoro", "kokoro"),
        ("tts-2026", "tts-2026"),
    ],
)
def test_names_of_speech_models_with_and_without_dates(name: str, model: str) -> None:
    assert speech_model(name) == model


@pytest.mark.parametrize("date", ["", "-2025-12-15"])
def test_names_of_transcription_models_with_and_without_dates(date: str) -> None:
    assert all(is_transcription_alias(name + date) for name in TRANSCRIPTION_MODELS)
    assert not is_transcription_alias(f"gpt-realtime{date}")


def test_a_name_with_a_date_is_a_model_where_its_own_is(client: TestClient, hall: Hall, tmp_path: Path) -> None:
    newest = {"gpt-4o-mini-tts-2025-12-15", "gpt-4o-mini-transcribe-2025-12-15"}
    assert newest <= listed(client)
    for name in (*newest, "tts-1-1106", "gpt-4o-transcribe-2025-03-20"):
        assert client.get(f"/v1/models/{name}").json()["id"] == name
    for name in ("kokoro-2025-12-15", "gpt-realtime-2025-12-15"):
        assert client.get(f"/v1/models/{name}").status_code == 404
    without_models(hall, tmp_path)
    assert client.get("/v1/models/tts-1-1106").status_code == 404


def test_no_key_deletes_a_model(client: TestClient) -> None:
    refused = client.delete("/v1/models/kokoro")
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "forbidden")
    assert "operator" in refused.json()["error"]["message"]
    unknown = client.delete("/v1/models/nonsense")
    assert (unknown.status_code, unknown.json()["error"]["param"]) == (404, "model")
    assert client.get("/v1/models/kokoro").is_success
