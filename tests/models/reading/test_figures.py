import re
from importlib import import_module

import pytest

from models.reading.figures import Figure, read_figure
from models.reading.roman import value_of
from models.reading.traced import Traced
from tests.conftest import ROOT


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


def test_no_pattern_has_a_possessive_group() -> None:
    """Before Python 3.11.5 (gh-106052) "£1, £2" loses its comma to one."""
    sources = {path.name: path.read_text() for path in (ROOT / "models" / "reading").rglob("*.py")}
    assert sources
    assert [name for name, source in sources.items() if re.search(r"\)(?:[*+?]|\{\d+,\d*\})\+", source)] == []
