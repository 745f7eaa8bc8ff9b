"""The languages other than English."""

from importlib import import_module
from types import ModuleType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.reading.traced import Traced
from tests.models.reading.cases import chinese, french, hindi, italian, japanese, portuguese, spanish

CASES = (spanish, french, italian, portuguese, hindi, japanese, chinese)
LANGUAGES = [cases.__name__.rpartition(".")[2] for cases in CASES]
# What stands after a number, before it, or between two must not fail, nor leave words glued together.
EDGES = {
    "spanish": ("cinco", "por ciento", "seis", "a", "menos"),
    "french": ("cinq", "pour cent", "six", "à", "moins"),
    "italian": ("cinque", "per cento", "sei", "a", "meno"),
    "portuguese": ("cinco", "por cento", "seis", "a", "menos"),
    "hindi": ("पाँच", "प्रतिशत", "छह", "से", "माइनस"),
}
PIECES = [
    *"0123456789.,:;/-–—−+%‰°€$¥₹£#@&=*_~^()[]<>'’\"“ \u00a0½²×√IVXhmksæéए५٣①年月日時点個本人万第￥～、。",
    *("5 %", " %", " -", "\n", "\ue000", "\u0301", "😀", "❤️", "🇫🇷", "км", "ب", "한"),
    *("km", "°C", "am", "www.", ".com", "a@b.it", " de ", "1er", "2024", "Sr.", "Dr.", "nº", "EUR", "p. m.", "IV", "º"),
]
TEXTS = st.lists(st.sampled_from(PIECES) | st.characters(), max_size=30).map("".join) | st.text(max_size=40)


def written_out(language: str, text: str) -> Traced:
    read: Traced = import_module(f"models.reading.{language}").written_out(Traced.of(text))
    return read


def of(table: str) -> list[object]:
    """Each entry of a table of all languages, with its language."""
    return [
        pytest.param(language, case, id=f"{language}: {case[0] if isinstance(case, tuple) else case}")
        for language, cases in zip(LANGUAGES, CASES, strict=True)
        for case in entries(cases, table)
    ]


def entries(cases: ModuleType, table: str) -> list[str | tuple[str, str]]:
    found: list[str | tuple[str, str]] = getattr(cases, table)
    return found


@pytest.mark.parametrize(("language", "case"), of("SPOKEN"))
def test_what_is_written_in_figures_and_signs(language: str, case: tuple[str, str]) -> None:
    written, spoken = case
    assert written_out(language, written).text == spoken


@pytest.mark.parametrize(("language", "prose"), of("PROSE"))
def test_prose_stays(language: str, prose: str) -> None:
    assert written_out(language, prose).text == prose


@pytest.mark.parametrize("language", EDGES)
def test_percent_before_anything(language: str) -> None:
    five, percent, six, to, minus = EDGES[language]
    for written, spoken in {
        "5 %/x": f"{five} {percent}/x",
        "5 %’": f"{five} {percent}’",
        "5 %α": f"{five} {percent} α",
        "5 %-6 %": f"{five} {percent} {to} {six} {percent}",
        "5%–6%": f"{five} {percent} {to} {six} {percent}",
        "6 %-5 %": f"{six} {percent}, {five} {percent}",
        "x=-5": f"x= {minus} {five}",
        "(-5 %)": f"({minus} {five} {percent})",
    }.items():
        assert written_out(language, written).text == spoken


@pytest.mark.parametrize("language", LANGUAGES)
@settings(max_examples=150)
@given(TEXTS)
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
