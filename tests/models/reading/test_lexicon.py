import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.reading.lexicon import check_pronunciations, pronounced
from models.reading.markup import MarkupError


def said(text: str, pronunciations: dict[str, str]) -> str:
    return "".join(f"<{part.ipa}>" if part.ipa else word for part, word in pronounced(text, pronunciations))


@pytest.mark.parametrize(
    ("text", "pronunciations", "expected"),
    [
        ("No map at all", {}, "No map at all"),
        ("SQL is SQL.", {"SQL": "sequel"}, "sequel is sequel."),
        ("sql stays", {"SQL": "sequel"}, "sql stays"),
        ("Gif and GIF", {"gif": "/dʒɪf/"}, "<dʒɪf> and <dʒɪf>"),
        ("Giffen's gif's", {"gif": "jiff"}, "Giffen's jiff's"),
        ("New York, York", {"York": "Yolk", "new york": "the city"}, "the city, Yolk"),
        ("C++ and AT&T", {"C++": "see plus plus", "AT&T": "a tee and tee"}, "see plus plus and a tee and tee"),
        ("US and us", {"us": "we", "US": "the States"}, "the States and we"),
        ("東京都はAIで", {"東京": "/toɯkʲoɯ/", "AI": "エーアイ"}, "<toɯkʲoɯ>都はエーアイで"),
        ("नमस्ते नमस्तेजी", {"नमस्ते": "/nəməsteː/"}, "<nəməsteː> नमस्तेजी"),
    ],
)
def test_whole_words_are_replaced(text: str, pronunciations: dict[str, str], expected: str) -> None:
    assert said(text, pronunciations) == expected


@pytest.mark.parametrize(
    ("pronunciations", "message"),
    [
        ({"": "a"}, "the pronunciation of '': the word is empty"),
        ({"a": "b", " c": "d"}, "the pronunciation of ' c': the word is empty, or begins"),
        ({"a": " "}, "does not say how"),
        ({"a": "//"}, "no phonemes"),
        ({"good": "well", "foo": "/w3d/"}, "^the pronunciation of 'foo': '3' is not a phoneme"),
        ({"a" * 30: "/7/"}, "of 'a{20}': '7'"),
        ({"a": "b\ud800"}, "cannot be printed"),
        ({"a\x00b": "c"}, "cannot be printed"),
        ({"a": "b" * 201}, "at most 200 characters"),
    ],
)
def test_an_entry_that_cannot_be_followed_is_refused(pronunciations: dict[str, str], message: str) -> None:
    with pytest.raises(MarkupError, match=message):
        check_pronunciations(pronunciations)


def test_good_entries_pass() -> None:
    check_pronunciations({"GIF": "/dʒɪf/", "nginx": "engine x", "and/or": "and or"})


@given(
    st.text(alphabet="aAbß İı.東", max_size=30),
    st.dictionaries(st.text("aAbßİı.東", min_size=1, max_size=3), st.just("/a/")),
)
def test_the_text_is_covered_in_order(text: str, pronunciations: dict[str, str]) -> None:
    parts = [part for part, _ in pronounced(text, pronunciations)]
    assert [part.start for part in parts] == [0, *(part.end for part in parts[:-1])]
    assert parts[-1].end == len(text)
