"""Codes as the names that the model knows."""

from models.catalog import load_catalog
from models.qwen3_tts.languages import AUTO, language_name

KNOWN = ["auto", "chinese", "english", "french", "german", "italian", "japanese", "korean"]
KNOWN += ["portuguese", "russian", "spanish"]


def test_every_language_of_the_catalog_has_its_name() -> None:
    languages = load_catalog().model("qwen3-tts-base").languages
    assert len(languages) == 10
    names = {language_name(code, KNOWN) for code in languages}
    assert {name.lower() for name in names} == set(KNOWN) - {"auto"}


def test_it_hears_for_itself_what_it_is_not_told() -> None:
    assert language_name("hi", KNOWN) == AUTO
    assert language_name("de", ["auto", "english"]) == AUTO
