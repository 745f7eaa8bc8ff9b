import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.reading.traced import Traced

DIGITS = re.compile(r"\d+")


def test_a_replacement_stands_for_the_whole_match() -> None:
    read = Traced.of("It is $5 now").sub(re.compile(r"\$(\d)"), lambda _: "five dollars")
    assert read.text == "It is five dollars now"
    assert read.span(6, 10) == (6, 8)
    assert read.span(11, 18) == (6, 8)
    assert read.span(19, 22) == (9, 12)


def test_replacements_compose() -> None:
    read = Traced.of("a  12  b").sub(re.compile(r"\s+"), lambda _: " ").sub(DIGITS, lambda _: "twelve")
    assert read.text == "a twelve b"
    assert read.span(2, 8) == (3, 5)
    assert read[9:].span(0, 1) == (7, 8)


def test_none_leaves_a_match() -> None:
    text = Traced.of("1 or 22")
    assert text.sub(DIGITS, lambda _: None) is text
    assert text.sub(DIGITS, lambda match: None if match[0] == "1" else "two").text == "1 or two"


def test_slices_and_strip_keep_their_places() -> None:
    text = Traced.of("  word ", offset=10)
    assert text.strip().text == "word"
    assert text.strip().span(0, 4) == (12, 16)
    assert len(text[:2]) == 2


@pytest.mark.parametrize(("start", "end"), [(0, 0), (2, 1), (-1, 1), (0, 4)])
def test_an_empty_span_is_no_span(start: int, end: int) -> None:
    with pytest.raises(IndexError):
        Traced.of("abc").span(start, end)


@given(st.text(alphabet="ab1 2", max_size=40), st.text(alphabet="xyz", max_size=3))
def test_spans_never_go_backwards_and_what_is_kept_stands_for_itself(text: str, replacement: str) -> None:
    read = Traced.of(text).sub(DIGITS, lambda _: replacement)
    assert list(read.starts) == sorted(read.starts)
    for character, start, end in zip(read.text, read.starts, read.ends, strict=True):
        assert text[start:end] == character or DIGITS.fullmatch(text[start:end])
