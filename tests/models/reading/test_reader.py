import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.reading.reader import LANGUAGES, NoSuchLanguage, read


def test_a_given_word_is_held_back_from_the_rules() -> None:
    reading = read("On [2024](/tuː/) we had 5 [Dr.](/dɹ/)", "en-us")
    assert reading.text.text == "On 2024 we had five Dr."
    assert [(reading.text.text[o.start : o.end], o.ipa) for o in reading.phonemes] == [("2024", "tuː"), ("Dr.", "dɹ")]


def test_words_keep_the_caller_s_place() -> None:
    text = "Pay [me](/miː/) $5 now"
    reading = read(text, "en-us")
    assert reading.text.text == "Pay me five dollars now"
    found = reading.text.text.index("five dollars")
    assert text[slice(*reading.text.span(found, found + 12))] == "$5"
    only = reading.phonemes[0]
    assert text[slice(*reading.text.span(only.start, only.end))] == "me"


def test_pronunciations_come_first_and_a_respelling_is_read_too() -> None:
    said = {"nyc": "New York City", "GIF": "/dʒɪf/", "v2": "version 2"}
    reading = read("NYC has 2 GIF files of v2", "en-us", said)
    assert reading.text.text == "New York City has two GIF files of version two"
    assert [override.ipa for override in reading.phonemes] == ["ʤɪf"]
    assert reading.text.span(0, 13) == (0, 3)


def test_markup_wins_over_the_map() -> None:
    reading = read("[GIF](/ɡɪf/) and GIF", "en-gb", {"GIF": "/dʒɪf/"})
    assert [override.ipa for override in reading.phonemes] == ["ɡɪf", "ʤɪf"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_reads_a_number(language: str) -> None:
    reading = read("A 5 [B](/b/)", language)
    assert not any(map(str.isdigit, reading.text.text))
    assert [reading.text.text[o.start : o.end] for o in reading.phonemes] == ["B"]


def test_an_unknown_language_is_refused() -> None:
    with pytest.raises(NoSuchLanguage, match="'tlh': there are en-us, en-gb"):
        read("", "tlh")


@given(st.lists(st.sampled_from(["[a](/ə/)", "5", " ", "GIF", "\ue000", "$", "x"]), max_size=12).map("".join))
def test_every_override_has_its_word(text: str) -> None:
    reading = read(text, "en-us", {"GIF": "/dʒɪf/"})
    words = [reading.text.text[override.start : override.end] for override in reading.phonemes]
    assert words.count("a") == text.count("[a](/ə/)")
    assert set(words) <= {"a", "GIF"}


def test_the_markup_is_light() -> None:
    """The API process checks texts: it must not load what reads them."""
    script = "import sys, models.reading.lexicon, models.reading.markup; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    assert not {"num2words", "spacy", "torch", "models.reading.english"} & set(loaded)
