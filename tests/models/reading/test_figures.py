from importlib import import_module

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.reading.figures import Figure, read_figure
from models.reading.roman import value_of
from models.reading.traced import Traced

LANGUAGES = ["spanish", "french", "italian", "portuguese", "hindi", "japanese", "chinese"]
PIECES = st.sampled_from(
    [
        *"0123456789.,:/-–−+%°€$¥₹#@&= ()'½IVX年月日時点個本人万hmk\ue000ए५😀",
        "km",
        "www.",
        ".com",
        " de ",
        "1er",
        "2024",
        "Sr.",
    ]
)


@pytest.mark.parametrize("language", LANGUAGES)
@settings(deadline=None)
@given(st.lists(PIECES | st.characters(), max_size=30).map("".join))
def test_any_text_is_written_out_without_digits_and_in_order(language: str, text: str) -> None:
    read = written_out(language, text)
    assert len(read.text) == len(read.starts) == len(read.ends)
    assert not any(character.isdecimal() for character in read.text)
    assert list(read.starts) == sorted(read.starts)
    assert list(read.ends) == sorted(read.ends)
    assert all(0 <= start < end <= len(text) for start, end in zip(read.starts, read.ends, strict=True))
    assert read.text.count("\ue000") == text.count("\ue000")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("piece", ["1", "1 ", "a@", "a.", "€", "-"])
def test_a_long_run_of_one_piece_ends(language: str, piece: str) -> None:
    # One search that is quadratic takes tens of seconds over 60,000 digits; all the rules together take one.
    assert len(written_out(language, piece * (60_000 if piece == "1" else 15_000))) > 0


def test_words_stand_for_what_was_written() -> None:
    read = written_out("spanish", "Pagué 12,50 € el 3 de mayo.")
    assert read.text == "Pagué doce euros con cincuenta el tres de mayo."
    assert spans(read, "doce", "cincuenta", "el", "tres", "mayo") == [(6, 13), (6, 13), (14, 16), (17, 18), (22, 26)]


def test_a_ruler_keeps_his_name() -> None:
    read = written_out("french", "Louis XIV, roi")
    assert spans(read, "Louis", "quatorze", "roi") == [(0, 5), (6, 9), (11, 14)]


@pytest.mark.parametrize(
    ("written", "decimal", "figure"),
    [
        ("1.234,56", ",", Figure("1234", ",", "56", grouped=True)),
        ("1,234.56", ",", Figure("1234", ".", "56", grouped=True)),
        ("1 234,5", ",", Figure("1234", ",", "5", grouped=True)),
        ("1.234", ",", Figure("1234", grouped=True)),
        ("1,234", ",", Figure("1", ",", "234")),
        ("0.125", ",", Figure("0", ".", "125")),
        ("12,34,567", ".", Figure("1234567", grouped=True)),
        ("1.2.3", ",", None),
        ("1,2,3", ".", None),
    ],
)
def test_marks_of_numbers(written: str, decimal: str, figure: Figure | None) -> None:
    assert read_figure(written, decimal) == figure


@pytest.mark.parametrize(
    ("numeral", "value"),
    [("I", 1), ("IV", 4), ("XIX", 19), ("MCMXCIX", 1999), ("IIII", None), ("VX", None), ("", None)],
)
def test_roman_numerals(numeral: str, value: int | None) -> None:
    assert value_of(numeral) == value


def written_out(language: str, text: str) -> Traced:
    read: Traced = import_module(f"models.reading.{language}").written_out(Traced.of(text))
    return read


def spans(read: Traced, *words: str) -> list[tuple[int, int]]:
    starts = [read.text.index(word) for word in words]
    return [read.span(start, start + len(word)) for start, word in zip(starts, words, strict=True)]
