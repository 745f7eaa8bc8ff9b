# ruff: noqa: RUF001 - phonemes
from hypothesis import given
from hypothesis import strategies as st

from models.kokoro.phonemes.alignment import spread

WORDS = st.lists(st.text("abɑ\u0303ˈː", max_size=6), max_size=12)


@given(WORDS, WORDS)
def test_nothing_is_lost_and_nothing_changes_places(said: list[str], alone: list[str]) -> None:
    sentence = " ".join(filter(None, said))
    pieces = spread(sentence, alone or ["a"])
    assert "".join(pieces) == sentence
    assert len(pieces) == len(alone or ["a"])


def test_words_that_sound_as_alone_are_theirs() -> None:
    assert spread("la kˈasa blˈaŋka.", ["la", "kˈasa", "blˈaŋka."]) == ["la ", "kˈasa ", "blˈaŋka."]


def test_words_that_are_joined_are_cut_where_they_meet() -> None:
    alone = ["sɛtadˈiʁ", "kˈɛs", "kˈə", "vˈu", "avˈe"]
    assert spread("sɛtadˈiʁ kɛskˌə vuz avˈe", alone) == ["sɛtadˈiʁ ", "kɛs", "kˌə ", "vuz ", "avˈe"]


def test_a_word_that_is_spelled_keeps_its_letters() -> None:
    assert spread("la ˈu ˈere ˈele es", ["la", "ˈu ˈere ˈele", "es"]) == ["la ", "ˈu ˈere ˈele ", "es"]
    assert spread("la ˈu ˈere ˈele es", ["la", "url", "es"]) == ["la ", "ˈu ˈere ˈele ", "es"]


def test_a_word_that_is_silent_in_the_sentence_has_nothing() -> None:
    assert spread("il a", ["il", "a", "a"]) == ["il ", "a", ""] or spread("il a", ["il", "a", "a"]) == ["il ", "", "a"]


def test_a_row_of_one_word_is_not_shifted() -> None:
    assert spread("ba βa βa βe", ["ba"] * 4) == ["ba ", "βa ", "βa ", "βe"]
