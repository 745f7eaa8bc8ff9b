# ruff: noqa: RUF001 - phonemes
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.kokoro.segments import (
    LIMIT,
    LONGEST_PARAGRAPH,
    PARAGRAPH_PAUSE,
    SHORTEST,
    TARGET,
    segment,
    segments,
    split_paragraphs,
)
from models.kokoro.tokens import Token

WORD = st.text("abcdɑɹˈæ", min_size=1, max_size=12)
MARK = st.sampled_from([".", "!", "?", "…", ",", ";", ":", "—", "”", "“", ")"])
TOKENS = st.lists(
    st.one_of(
        st.builds(lambda word, space: Token(word, space, word), WORD, st.sampled_from([" ", " ", ""])),
        st.builds(lambda mark, space: Token(mark, space, mark), MARK, st.sampled_from([" ", ""])),
        st.builds(lambda mark: Token(mark, " ", ""), st.sampled_from("*#~")),
        st.builds(lambda size: Token("a" * (size // 3), " ", "ɑ" * size), st.integers(300, 2000)),
    ),
    max_size=150,
)


def letters(text: str) -> str:
    return "".join(text.split())


def spoken(text: str) -> list[Token]:
    """Each word its own phonemes, marks apart, as the G2P process gives them. Asterisks are silent."""
    tokens: list[Token] = []
    for word in text.split():
        bare = word.rstrip(".,;:!?")
        marks = word[len(bare) :]
        tokens.append(Token(bare, "" if marks else " ", bare.strip("*")))
        tokens.extend(Token(mark, " ", mark) for mark in marks)
    return tokens


@given(TOKENS, st.booleans())
def test_every_token_is_in_one_segment_and_none_is_too_long(tokens: list[Token], opening: bool) -> None:
    found = segment(tokens, pause=0.4, opening=opening)
    if found:
        assert letters("".join(part.text for part in found)) == letters("".join(token.text for token in tokens))
        assert letters("".join(part.phonemes for part in found)) == letters("".join(t.phonemes for t in tokens))
        assert [part.pause for part in found] == [0.0] * (len(found) - 1) + [0.4]
    assert all(0 < len(part.phonemes) <= LIMIT for part in found)
    assert segment(tokens, pause=0.4, opening=opening) == found


@given(TOKENS)
def test_a_paragraph_has_no_segments_only_where_nothing_is_spoken(tokens: list[Token]) -> None:
    speaks = any(symbol.isalpha() for token in tokens for symbol in token.phonemes)
    assert bool(segment(tokens)) == speaks


@given(st.text(st.characters(exclude_categories=["Cc", "Cs", "Cf", "Cn"]), max_size=300))
def test_paragraphs_keep_every_letter(text: str) -> None:
    assert letters("".join(part.text for part in split_paragraphs(text))) == letters(text)


def test_sentences_are_packed_whole() -> None:
    sentence = "the tide turned before dawn and the boats slipped out one by one into fog."  # 74
    found = segment(spoken(" ".join([sentence] * 9)))
    assert all(part.text.endswith("fog.") for part in found)
    assert [part.text.count("fog") for part in found] == [3, 3, 3]
    assert all(len(part.phonemes) <= TARGET for part in found)


def test_the_first_sentence_of_a_text_stands_alone_when_it_is_long_enough() -> None:
    long_first = "the tide turned before dawn and the boats slipped out one by one. then nothing moved at all."
    short_first = "no. the tide turned before dawn and the boats slipped out one by one."
    assert len(segment(spoken(long_first), opening=True)) == 2
    assert len(segment(spoken(long_first))) == 1
    assert len(segment(spoken(short_first), opening=True)) == 1


def test_a_long_sentence_is_cut_at_its_clauses() -> None:
    clause = "and so the long clause went on and on without an end in sight"
    found = segment(spoken("; ".join([clause] * 12) + "."))
    assert len(found) > 2
    assert all(part.text.endswith(("sight;", "sight.")) for part in found)
    assert all(SHORTEST <= len(part.phonemes) <= TARGET for part in found)


def test_a_word_of_three_thousand_letters_is_cut() -> None:
    found = segment([Token("a" * 3000, "", "ɑ" * 3000)])
    assert "".join(part.text for part in found) == "a" * 3000
    assert sum(len(part.phonemes) for part in found) == 3000


def test_a_closing_quote_stays_with_its_sentence() -> None:
    quoted = [Token("gone", "", "ɡɔn"), Token(".", "", "."), Token('"', " ", "”")]
    found = segment([*quoted, *spoken("and " * 80)])
    assert found[0].text.startswith('gone."')


def test_a_short_last_sentence_is_not_left_alone() -> None:
    sentence = "word " * 48 + "end."
    assert len(segment(spoken(sentence + " yes."))) == 1


def test_paragraphs_have_pauses_between_them_and_none_at_the_end() -> None:
    parts = split_paragraphs("First.\r\n\r\nSecond one.\n* * *\nThird.\n\n")
    assert [part.text for part in parts] == ["First.", "Second one.", "* * *", "Third."]
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
    assert all(len(part.text) <= LONGEST_PARAGRAPH and part.text.endswith(".") for part in parts)
    assert [part.pause for part in parts] == [0.0] * (len(parts) - 2) + [PARAGRAPH_PAUSE, 0.0]
    assert max(len(part.text) for part in split_paragraphs("x" * 9000)) == LONGEST_PARAGRAPH


def test_invisible_characters_are_dropped() -> None:
    assert split_paragraphs("co\u00adop\u200be\x00rate \ud800now")[0].text == "cooperate now"


def test_a_text_is_asked_for_one_paragraph_at_a_time() -> None:
    asked: list[str] = []

    def phonemize(text: str) -> list[Token]:
        asked.append(text)
        return spoken(text)

    found = segments("* * *\nFirst paragraph.\nSecond paragraph.", phonemize)
    assert next(found).text == "First paragraph."
    assert asked == ["* * *", "First paragraph."]


@pytest.mark.parametrize("text", ["", " \n\t\n", "\x00"])
def test_an_empty_text_has_no_paragraphs(text: str) -> None:
    assert split_paragraphs(text) == []
