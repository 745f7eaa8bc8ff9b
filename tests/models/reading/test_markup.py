from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.reading.markup import MOST_PAUSES, MarkupError, check, hidden, parse, spoken

PIECES = ["[", "]", "(/", "/)", "(", ")", "[pause:", "1s", "500ms", "]", "a word ", "5", "\n", "ɛ", "[x](/ə/)", "/"]
MARKED = st.lists(st.sampled_from(PIECES), max_size=30).map("".join) | st.text(max_size=60)


@pytest.mark.parametrize(
    ("text", "passages"),
    [
        ("", [("", 0.0)]),
        ("One text.", [("One text.", 0.0)]),
        ("Wait[pause:1.5s] for it.", [("Wait", 1.5), (" for it.", 0.0)]),
        ("A[pause:500ms]B[PAUSE: 2 S]", [("A", 0.5), ("B", 2.0), ("", 0.0)]),
        ("[pause:1]Late", [("", 1.0), ("Late", 0.0)]),
        ("[pause:.25]", [("", 0.25), ("", 0.0)]),
        ("[pause:99h] stays", [("[pause:99h] stays", 0.0)]),
        ("Say [this](/ðɪs/) so.", [("Say [this](/ðɪs/) so.", 0.0)]),
    ],
)
def test_a_text_is_cut_at_its_pauses(text: str, passages: list[tuple[str, float]]) -> None:
    assert [(passage.text.text, passage.pause) for passage in parse(text)] == passages


def test_passages_know_their_place() -> None:
    _, second = parse("One.[pause:1s]Two.")
    assert second.text.span(0, 4) == (14, 18)


def test_markup_is_hidden() -> None:
    text = "Say [this](/ðɪs/) now[pause:1s]."
    assert [text[start:end] for start, end in hidden(text)] == ["[", "](/ðɪs/)", "[pause:1s]"]


@pytest.mark.parametrize(
    "text",
    [
        "[1]",
        "[see below]",
        "[a](https://b.c)",
        "[a](/b/c)",
        "[a](/b/c/)",
        "[News](/news/)",
        "[a](/)",
        "[",
        "](",
        "[![a](/b/c.png)](/news/)",
    ],
)
def test_other_brackets_are_text(text: str) -> None:
    check(text)
    assert hidden(text) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[pause:99h]", "the pause at character 1 is '99h'"),
        ("Wait [pause:-1s].", "the pause at character 6 is '-1s'"),
        ("[pause:0s]", "more than 0"),
        ("[pause:61s]", "at most 60 seconds"),
        ("[pause:60001ms]", "at most 60 seconds"),
        ("[pause:]", "the pause at character 1 is ''"),
        ("[pause:a very secret text]", "is 'a':"),
        ("[pause:" + "9" * 100 + "]", "…"),
        ("[pause:1s", "is not closed: write it as [pause:1.5s]"),
        ("[pause:1s [pause:1s]", "the pause at character 1 is not closed"),
        ("[word](/wɜːd", "the pronunciation at character 1 is not closed"),
        ("[word](/wɜːd)", "the pronunciation at character 1 is not closed"),
        ("[word](//)", "no phonemes"),
        ("[word](/ /)", "no phonemes"),
        ("[ ](/wɜːd/)", "has no word"),
        ("[[a](/eɪ/)](/biː/)", "the phonemes at character 11 close no word"),
        ("a](/biː/)", "the phonemes at character 2 close no word"),
        ("[word](/w3:d/)", "'3' is not a phoneme"),
        ("[pause:60s]" * 10 + "[pause:1ms]", "add up to more than 10 minutes"),
        ("[pause:1s]" * 10_000, f"more than {MOST_PAUSES} pauses"),
    ],
)
def test_bad_markup_is_refused_with_its_place(text: str, message: str) -> None:
    with pytest.raises(MarkupError) as refused:
        check(text)
    assert message in str(refused.value)
    assert len(str(refused.value)) < 200


def test_a_stress_makes_phonemes_of_plain_letters() -> None:
    assert [part.ipa for part in spoken("[bed](/ˈbed/)") if part.ipa] == ["ˈbed"]
    assert [part.ipa for part in spoken("[bed](/bed/)") if part.ipa] == []


def test_good_markup_passes() -> None:
    check("Say [tomato](/təˈmeɪtoʊ/)[pause:1.5s] or [tomato](/təˈmɑːtəʊ/), [girl](/gɝl/) [France](/fʁɑ̃s/).")
    check("[pause:1s]" * MOST_PAUSES)
    check("[pause:60s]" * 10)


@pytest.mark.parametrize("mark", ["[", "]", "[pause:", "[](/", "[a](/b", "[pause:1s]", "(/", "[a](/ə/)"])
def test_a_long_run_of_any_mark_is_read_in_one_go(mark: str) -> None:
    text = mark * (100_000 // len(mark))  # in quadratic time this would take minutes
    assert sum(len(passage.text) for passage in parse(text)) <= len(text)
    assert all(start < end for start, end in hidden(text))
    with suppress(MarkupError):
        check(text)


@given(MARKED)
def test_every_character_is_either_spoken_or_hidden(text: str) -> None:
    covered = [place for start, end in hidden(text) for place in range(start, end)]
    for passage in parse(text):
        words = passage.text.text
        covered += [passage.text.starts[i] for part in spoken(words) for i in range(part.start, part.end)]
    assert sorted(covered) == list(range(len(text)))


@given(MARKED)
def test_what_passes_the_check_is_followed(text: str) -> None:
    try:
        check(text)
    except MarkupError:
        return
    assert "[pause:" not in "".join(passage.text.text for passage in parse(text))
