import re
from collections.abc import Iterable, Iterator
from importlib import import_module
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.reading.english import RULES, characters, markdown, written_out
from models.reading.traced import Traced
from tests.e2e.texts import LINES, SENTENCES, STORY
from tests.models.reading.english.cases import AS_WRITTEN, CASES

re_parser = import_module("re._parser")

ALL = [pytest.param(case, id=f"{group}: {case[0]}") for group, cases in CASES.items() for case in cases]
MARKS = [
    *"0123456789.,:;/-–+=%$£€#@&*_~^()[]<>'’° ½²×√❤😀éß٣①",
    "\u00a0",
    "\n",
    "am",
    "km",
    "Dr.",
    "IV",
    "May",
    "www.",
    "st",
    "s",
]
TEXTS = st.lists(st.sampled_from(MARKS), max_size=25).map("".join) | st.text(max_size=40)


def read(text: str, *, british: bool = False) -> str:
    return written_out(Traced.of(text), british=british).text


@pytest.mark.parametrize("case", ALL)
def test_it_is_read_right(case: tuple[str, ...]) -> None:
    assert read(case[0]) == case[1]
    assert read(case[0], british=True) == case[-1]


@pytest.mark.parametrize("case", ALL)
def test_what_is_read_stays_as_it_is(case: tuple[str, ...]) -> None:
    assert read(case[1]) == case[1]
    assert read(case[-1], british=True) == case[-1]


@pytest.mark.parametrize("text", [*AS_WRITTEN, STORY, LINES, *(text for _, text in SENTENCES)])
def test_words_stay_as_they_are(text: str) -> None:
    assert read(text) == text
    assert read(text, british=True) == text


def test_every_word_keeps_its_place() -> None:
    text = "On 3/15/2024 **Anna** paid $5.50 (see [here](https://a.b/c)) at 3:30 p.m."
    done = written_out(Traced.of(text), british=False)
    places = {
        "March fifteenth, twenty twenty-four": "3/15/2024", "Anna": "Anna", "paid": "paid", "five dollars": "$5.50",
        "here": "here", "three thirty PM": "3:30 p.m",
    }  # fmt: skip
    for words, written in places.items():
        found = done.text.index(words)
        start, end = done.span(found, found + len(words))
        assert text[start:end] == written


def test_an_escaped_tag_is_text() -> None:
    assert read("write &lt;div&gt;") == "write <div>"


@settings(max_examples=300)
@given(TEXTS, st.booleans())
def test_any_text_is_read_without_digits_and_in_order(text: str, british: bool) -> None:
    done = written_out(Traced.of(text), british=british)
    assert not any(map(str.isdigit, done.text))
    assert list(done.starts) == sorted(done.starts)
    assert list(done.ends) == sorted(done.ends)
    assert all(0 <= start < end <= len(text) for start, end in zip(done.starts, done.ends, strict=True))


def test_every_rule_takes_linear_time() -> None:
    """No rule looks further than a bound from where it starts."""
    for rule in (*characters.RULES, *markdown.RULES, *RULES):
        assert list(unbounded(re_parser.parse(rule.pattern.pattern, rule.pattern.flags & ~re.UNICODE))) == []


def unbounded(parsed: Iterable[Any]) -> Iterator[Any]:
    for item in parsed:
        if item is re_parser.MAXREPEAT:
            yield parsed
        elif isinstance(item, tuple | list | re_parser.SubPattern):
            yield from unbounded(item)


def test_a_long_run_of_each_mark_is_read() -> None:
    assert not any(map(str.isdigit, read("".join(mark * 1000 for mark in MARKS))))
