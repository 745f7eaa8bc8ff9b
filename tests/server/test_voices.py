"""Which voice a dialect's name gives. The catalog is the shipped one; the models lie in the models folder or not."""

from dataclasses import replace
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from jobs.errors import NoVoiceForLanguage
from models.catalog import Catalog, Model
from server.dialects.base import status_of
from server.hall import Hall
from server.voices import remedy, voice_for

GERMAN = "Der Zug nach Hamburg hat heute leider zwanzig Minuten Verspätung."
TEXTS = {
    "es": "El perro corre por el parque todos los días.",
    "fr-fr": "Le petit chat dort sur le canapé depuis ce matin.",
    "hi": "कुत्ता हर दिन पार्क में दौड़ता है।",
    "it": "Il cane corre nel parco tutti i giorni.",
    "ja": "会議は夜八時に始まります。",
    "pt-br": "O cachorro corre no parque todos os dias de manhã.",
    "zh": "我们需要更多时间来完成这项工作。",
}
FEMALE = ["af_alloy", "af_bella", "af_nova", "af_sarah", "af_heart", "af_river"]
MALE = ["am_michael", "am_echo", "am_onyx", "am_puck", "am_liam", "bm_fable", "bm_george"]


@pytest.mark.parametrize("text", ["Good evening.", "Hello there, how are you today?", "Angela Merkel", "42", "Voxhall"])
@pytest.mark.parametrize("voice", ["af_alloy", "bm_fable"])
def test_english_and_what_is_not_sure_keep_the_voice(hall: Hall, voice: str, text: str) -> None:
    assert voice_for(hall, voice, text) == voice


@pytest.mark.parametrize("language", TEXTS)
def test_another_language_gets_a_voice_of_its_own(hall: Hall, language: str) -> None:
    voices = hall.catalog.model("kokoro").voices
    for preferred in FEMALE + MALE:
        found = voices[voice_for(hall, preferred, TEXTS[language])]
        assert found.language == language
        assert found.name != "Santa"
        assert language == "fr-fr" or found.gender == voices[preferred].gender
        assert voice_for(hall, preferred, TEXTS[language]) == found.id


@pytest.mark.parametrize(("language", "preferred", "most"), [("ja", FEMALE, 4), ("zh", FEMALE, 4), ("zh", MALE, 4)])
def test_different_voices_stay_different(hall: Hall, language: str, preferred: list[str], most: int) -> None:
    assert len({voice_for(hall, voice, TEXTS[language]) for voice in preferred}) == most


def test_a_voice_of_the_text_is_kept_and_an_unknown_one_left_to_the_check(hall: Hall) -> None:
    assert voice_for(hall, "em_santa", TEXTS["es"]) == "em_santa"
    assert voice_for(hall, "nobody", TEXTS["es"]) == "nobody"


@pytest.mark.parametrize(
    ("text", "language"),
    [(GERMAN, "German"), ("Привет, как дела?", "Russian"), ("안녕하세요", "Korean"), ("صباح الخير", "Arabic")],
)
def test_a_language_that_no_model_speaks_is_said(hall: Hall, text: str, language: str) -> None:
    with pytest.raises(NoVoiceForLanguage, match=f"^No installed model speaks {language}. Nor does any") as caught:
        voice_for(hall, "af_alloy", text)
    assert caught.value.param == "text"
    assert status_of(caught.value) == 404


def test_a_model_that_would_speak_it_is_named(hall: Hall, tmp_path: Path) -> None:
    empty = replace(hall, settings=hall.settings.model_copy(update={"models_dir": tmp_path}))
    with pytest.raises(NoVoiceForLanguage, match=r"speaks Spanish. `voxhall models pull kokoro` fetches one\."):
        voice_for(empty, "af_alloy", TEXTS["es"])
    cloner = _cloner(hall.catalog.model("kokoro"), "de", "ar")
    cloning = replace(hall, catalog=Catalog(models=hall.catalog.models | {cloner.id: cloner}))
    with pytest.raises(NoVoiceForLanguage, match=r"speaks German. `voxhall models pull cloner` fetches one\."):
        voice_for(cloning, "af_alloy", GERMAN)
    assert remedy(cloning, "ar") == "No installed model speaks Arabic. `voxhall models pull cloner` fetches one."


def test_the_remedy_for_a_refused_text(hall: Hall) -> None:
    assert remedy(hall, "ja") == "Pick a voice that speaks Japanese, such as `jf_alpha` or `jf_gongitsune`."
    assert remedy(hall, "de") == "No installed model speaks German. Nor does any model of the catalog."
    assert "GET /voices" in remedy(hall, None)


@pytest.mark.parametrize(
    ("language", "prefixes"),
    [("es", "e"), ("es-MX", "e"), ("j", "j"), ("zh-CN", "z"), ("en", "ab"), ("en-GB", "b"), ("pt-PT", "p"), ("de", "")],
)
def test_voices_are_listed_by_any_name_of_a_language(client: TestClient, language: str, prefixes: str) -> None:
    listed = client.get("/voices", params={"language": language}).json()["voices"]
    assert {voice["id"][0] for voice in listed} == set(prefixes)
    assert all(voice["available"] for voice in listed)


def _cloner(like: Model, *languages: str) -> Model:
    return like.model_copy(update={"id": "cloner", "languages": languages, "voices": {}})
