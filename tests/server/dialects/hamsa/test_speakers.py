"""Hamsa's own speakers, in the voices that stand for them."""

import pytest
from fastapi.testclient import TestClient

from jobs.ledger import Ledger
from jobs.specs import CloneSpec, SpeechSpec
from server.dialects.hamsa.speakers import DIALECTS, SPEAKERS
from server.hall import Hall
from tests.server.conftest import SavedVoices
from tests.server.dialects.hamsa.conftest import ARABIC, refused

TTS = "/v1/jobs/text-to-speech"
DOCUMENTED = (
    "Amjad Layan Mariam Samir Dalal Mais Lyali Fatma Lana Jasem Carla Majd Hiba Fahd Salma Dima Mazen Ruba Deema "
    "Faisal Mai Hatem Aisha Jaber Salem Tamim Khalid Rahma Emma James Ali"
)


def spec_of(client: TestClient, ledger: Ledger, voice: str, text: str) -> SpeechSpec | CloneSpec:
    answer = client.post(TTS, json={"voiceId": voice, "text": text})
    assert answer.status_code == 200, answer.text
    data = answer.json()["data"]
    assert data["ttsVoiceId"]
    spec = ledger.get(data["id"].replace("-", "")).spec
    assert isinstance(spec, SpeechSpec | CloneSpec)
    return spec


def test_arabic_is_spoken_by_the_model_that_can(client: TestClient, ledger: Ledger, voices: SavedVoices) -> None:
    spec = spec_of(client, ledger, "Amjad", ARABIC)
    assert isinstance(spec, CloneSpec)
    assert (spec.model, spec.language, spec.source, spec.voice, spec.asked_voice, spec.format) == (
        "chatterbox-multilingual",
        "ar",
        "stock",
        "am_adam",
        "Amjad",
        "wav",
    )


def test_english_is_spoken_by_kokoro(client: TestClient, ledger: Ledger, voices: SavedVoices) -> None:
    for speaker, gender in (("Emma", "f"), ("james", "m"), ("Layan", "f"), ("Nada", "f")):
        spec = spec_of(client, ledger, speaker, "Good evening to all of you, and welcome to this house.")
        assert isinstance(spec, SpeechSpec)
        assert spec.language in ("en-us", "en-gb")
        assert spec.voice[1] == gender


def test_a_text_in_no_language_is_in_the_speakers_own(client: TestClient, ledger: Ledger, voices: SavedVoices) -> None:
    assert isinstance(spec_of(client, ledger, "Emma", "2026"), SpeechSpec)
    assert isinstance(spec_of(client, ledger, "Amjad", "2026"), CloneSpec)
    for greeting in ("Hello", "Good morning to you all"):
        assert isinstance(spec_of(client, ledger, "Amjad", greeting), SpeechSpec)


def test_a_saved_voice_of_the_same_name_comes_first(client: TestClient, ledger: Ledger, voices: SavedVoices) -> None:
    voice = voices.add("Amjad")
    spec = spec_of(client, ledger, "Amjad", ARABIC)
    assert isinstance(spec, CloneSpec)
    assert (spec.source, spec.voice) == ("saved", voice)


def test_without_the_model_the_error_says_how_to_get_it(client: TestClient, saved: SavedVoices) -> None:
    saved.install("kokoro", "spacy-en")
    said = refused(client.post(TTS, json={"voiceId": "Amjad", "text": ARABIC}), 503)
    assert "voxhall models pull chatterbox-multilingual" in said
    saved.install("chatterbox-english")
    said = refused(client.post(TTS, json={"voiceId": "Amjad", "text": ARABIC}), 400)
    assert "voxhall models pull chatterbox-multilingual" in said
    assert "GET /voices" in refused(client.post(TTS, json={"voiceId": "Zed", "text": "Hello."}), 404)


def test_every_documented_speaker_has_a_voice_that_is_there(hall: Hall) -> None:
    stock = hall.catalog.model("kokoro").voices
    assert {name.lower() for name in DOCUMENTED.split()} <= set(SPEAKERS)
    for speaker in SPEAKERS.values():
        assert stock[speaker.voice].gender == speaker.gender
        assert speaker.dialect in DIALECTS


@pytest.mark.parametrize("name", ["Emma", "af_bella"])
def test_a_speaker_needs_no_preloading(client: TestClient, voices: SavedVoices, name: str) -> None:
    answer = client.post("/v2/tts/voices/custom/preload", json={"voiceId": name})
    assert answer.status_code == (200 if name == "Emma" else 404)
