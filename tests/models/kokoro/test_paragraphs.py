# ruff: noqa: RUF001 - marks of other scripts
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from models.kokoro.paragraphs import LONGEST_PARAGRAPH, PARAGRAPH_PAUSE, split_paragraphs


def letters(text: str) -> str:
    return "".join(text.split())


def texts(text: str) -> list[str]:
    return [part.text.text for part in split_paragraphs(text)]


@given(st.text(st.characters(exclude_categories=["Cc", "Cs", "Cf", "Cn"]), max_size=300))
def test_paragraphs_keep_every_letter(text: str) -> None:
    assert letters("".join(texts(text))) == letters(text)


def test_paragraphs_have_pauses_between_them_and_none_at_the_end() -> None:
    parts = split_paragraphs("First.\r\n\r\nSecond one.\n* * *\nThird.\n\n")
    assert [part.text.text for part in parts] == ["First.", "Second one.", "* * *", "Third."]
    assert [part.pause for part in parts] == [PARAGRAPH_PAUSE] * 3 + [0.0]


def test_hard_wrapped_prose_is_one_paragraph_and_a_list_is_not() -> None:
    wrapped = (
        "It was a bright cold day in April, and the clocks were striking\n"
        "thirteen. Winston Smith, his chin nuzzled into his breast in an\neffort."
    )
    assert len(split_paragraphs(wrapped)) == 1
    assert len(split_paragraphs("milk\neggs\nbread")) == 3


def test_a_long_paragraph_is_cut_at_a_sentence_without_a_pause() -> None:
    parts = split_paragraphs("One sentence of many words. " * 500 + "\nEnd.")
    assert all(len(part.text) <= LONGEST_PARAGRAPH and part.text.text.endswith(".") for part in parts)
    assert [part.pause for part in parts] == [0.0] * (len(parts) - 2) + [PARAGRAPH_PAUSE, 0.0]
    assert max(len(part.text) for part in split_paragraphs("x" * 9000)) == LONGEST_PARAGRAPH


def test_invisible_characters_are_dropped() -> None:
    assert texts("co\u00adop\u200be\x00rate \ud800now")[0] == "cooperate now"


@pytest.mark.parametrize("text", ["", " \n\t\n", "\x00"])
def test_an_empty_text_has_no_paragraphs(text: str) -> None:
    assert split_paragraphs(text) == []


@given(st.text(st.sampled_from("ab .。\n\t\u200b[]pause:1s(/ˈɑ)"), max_size=80))
@example("1 \u200b 1")
def test_every_character_knows_where_it_is(text: str) -> None:
    for part in split_paragraphs(text):
        for i, character in enumerate(part.text.text):
            written = text[slice(*part.text.span(i, i + 1))]
            # A space stands for a row of them, with what is dropped amid it.
            assert written == character or (written.replace("\u200b", "") + character).isspace()


def test_pause_tags_end_paragraphs() -> None:
    parts = split_paragraphs("[pause:1s]One.\nTwo.[pause:500ms][pause:2s]\nThree.")
    assert [(part.text.text, part.silence) for part in parts] == [
        ("", 1.0),
        ("One.", 0.0),
        ("Two.", 0.5),
        ("", 2.0),
        ("Three.", 0.0),
    ]


def test_a_cut_never_falls_into_an_override() -> None:
    override = "[The name. Of it](/nˈAm əv ɪt/)"
    for before in range(LONGEST_PARAGRAPH - 60, LONGEST_PARAGRAPH):
        assert sum(override in part for part in texts("x" * before + override + "y" * 99)) == 1


def test_a_paragraph_without_spaces_is_cut_at_a_sentence() -> None:
    parts = texts("我们明天早上在火车站见面，然后去北京。" * 500)
    assert "".join(parts) == "我们明天早上在火车站见面，然后去北京。" * 500
    assert all(len(part) <= LONGEST_PARAGRAPH and part.endswith("。") for part in parts)
    assert all(part.endswith("।") for part in texts("यह मेरा घर है। " * 500))


def test_a_wrapped_line_of_a_script_without_spaces_is_joined_without_one() -> None:
    assert texts("我" * 60 + "\n" + "你好。") == ["我" * 60 + "你好。"]
