from pathlib import Path

from fastapi.testclient import TestClient

from server.dialects.openai.languages import LANGUAGES, language_name
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
