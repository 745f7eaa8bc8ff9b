from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.server.conftest import RvcVoices
from tests.server.dialects.deapi.conftest import Change

V1, V2 = "/api/v1/client/models", "/api/v2/models"


def by_slug(client: TestClient, **asked: str) -> dict[str, Any]:
    return {model["slug"]: model for model in client.get(V2, params=asked).json()["data"]}


@pytest.mark.usefixtures("models")
def test_the_models_of_both_versions(client: TestClient) -> None:
    first = client.get(V1).json()
    assert first["data"] == client.get(V2).json()["data"]
    assert [model["slug"] for model in first["data"]] == [
        "Kokoro",
        "Chatterbox",
        "Qwen3_TTS_12Hz_1_7B_CustomVoice",
        "Qwen3_TTS_12Hz_1_7B_Base",
        "Qwen3_TTS_12Hz_1_7B_VoiceDesign",
        "WhisperLargeV3",
        "WhisperLargeV3Ct2",
        "whisper-base",
    ]
    for model in first["data"]:
        assert {"name", "slug", "inference_types", "tags", "status", "info"} <= set(model)
        assert set(model["info"]) == {"limits", "features", "defaults"}
        assert ("languages" in model) == (model["inference_types"] == ["txt2audio"])


@pytest.mark.usefixtures("models")
def test_voices_are_in_their_languages(client: TestClient) -> None:
    found = by_slug(client)
    kokoro = found["Kokoro"]
    assert kokoro["info"]["limits"]["max_text"] == 100_000
    assert kokoro["info"]["defaults"] == {
        "speed": 1.0,
        "format": "mp3",
        "sample_rate": 24_000,
        "lang": "en-us",
        "voice": "af_alloy",
    }
    languages = {language["slug"]: language for language in kokoro["languages"]}
    assert {"en-us", "en-gb", "es", "fr-fr", "hi", "it", "pt-br"} <= set(languages)
    assert {"name": "Sky", "slug": "af_sky", "gender": "female"} in languages["en-us"]["voices"]
    actor = found["Qwen3_TTS_12Hz_1_7B_CustomVoice"]["languages"][0]
    assert actor["slug"] == "English"
    assert {"Vivian", "Ryan"} <= {voice["slug"] for voice in actor["voices"]}
    for slug in ("Chatterbox", "Qwen3_TTS_12Hz_1_7B_Base"):
        assert [voice["slug"] for voice in found[slug]["languages"][0]["voices"]] == ["default"]
        assert found[slug]["info"]["features"]["supports_voice_clone"]
        limits = found[slug]["info"]["limits"]
        longest = 15 if slug.endswith("Base") else 10
        assert (limits["min_ref_audio_seconds"], limits["max_ref_audio_seconds"]) == (3, longest)
    designer = found["Qwen3_TTS_12Hz_1_7B_VoiceDesign"]
    assert designer["info"]["features"]["supports_voice_design"]
    assert designer["languages"][0]["voices"] == []


@pytest.mark.usefixtures("models")
def test_what_transcribes(client: TestClient, change: Change) -> None:
    model = by_slug(client)["WhisperLargeV3Ct2"]
    assert model["inference_types"] == ["audio_file2text", "video_file2text"]
    assert model["info"]["limits"]["timestamp_levels"] == ["segment", "word"]
    assert "en" in model["info"]["limits"]["languages"]
    assert model["info"]["features"] == {"supports_timestamps": True, "supports_diarization": True}
    change(fetch_urls=True)
    assert "video2text" in by_slug(client)["WhisperLargeV3"]["inference_types"]
    change(strict_models=True)
    assert {"WhisperLargeV3", "Chatterbox"}.isdisjoint(by_slug(client))


@pytest.mark.usefixtures("models")
def test_a_filter(client: TestClient) -> None:
    name = "filter[inference_types]"
    assert {*by_slug(client, **{name: "audio_file2text,img-rmbg"})} == {
        "WhisperLargeV3",
        "WhisperLargeV3Ct2",
        "whisper-base",
    }
    nothing = client.get(V1, params={name: "txt2img"}).json()
    assert (nothing["data"], nothing["meta"]["total"], nothing["meta"]["last_page"]) == ([], 0, 1)


@pytest.mark.usefixtures("models")
def test_pages(client: TestClient) -> None:
    asked = {"limit": "3", "page": "2", "per_page": "15", "filter[inference_types]": "txt2audio"}
    page = client.get(V1, params=asked).json()
    assert [model["slug"] for model in page["data"]][-1] == "Qwen3_TTS_12Hz_1_7B_VoiceDesign"
    assert page["meta"] == {"current_page": 2, "last_page": 2, "per_page": 3, "total": 5}
    assert page["links"]["next"] is None
    before = client.get(page["links"]["prev"]).json()
    assert before["data"][0]["slug"] == "Kokoro"
    assert before["meta"]["per_page"] == 3
    assert before["links"]["prev"] is None
    assert client.get(before["links"]["next"]).json()["data"] == page["data"]
    assert client.get(V2).json()["meta"]["per_page"] == 25
    assert client.get(V2, params={"limit": 500}).json()["meta"]["per_page"] == 50
    assert client.get(V2, params={"limit": 0, "page": 0}).json()["meta"] | {"total": 0, "last_page": 0} == {
        "current_page": 1,
        "last_page": 0,
        "per_page": 1,
        "total": 0,
    }
    behind = client.get(V2, params={"page": 99}).json()
    assert (behind["data"], client.get(behind["links"]["prev"]).json()["meta"]["current_page"]) == ([], 1)
    assert client.get(V2, params={"limit": "many"}).status_code == 422


def test_only_what_is_installed(client: TestClient, rvc: RvcVoices) -> None:
    assert client.get(V2).json()["data"] == []
    rvc.install("pocket-tts", "kokoro-match", "ge2e", "kokoro", "spacy-en")
    found = by_slug(client)
    assert [*found] == ["Kokoro", "Chatterbox", "Qwen3_TTS_12Hz_1_7B_Base", "pocket-tts"]
    assert found["pocket-tts"]["languages"][0]["slug"] == "en"


def test_without_a_key(client: TestClient) -> None:
    for path in (V1, V2, "/api/v1/client/balance", "/api/v2/account/balance"):
        answer = client.get(path, headers={b"authorization": b"", b"x-api-key": b""})
        assert (answer.status_code, answer.json()) == (401, {"message": "Unauthenticated."})
