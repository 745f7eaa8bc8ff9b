# ruff: noqa: RUF001 - marks of other scripts
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.cloning.pieces import OPENING, PARAGRAPH_PAUSE, SENTENCE_PAUSE, SHORTEST, Piece, pieces

LIMIT = 280


def said(text: str, **options: object) -> list[Piece]:
    return [*pieces(text, limit=LIMIT, **options)]  # type: ignore[arg-type]


TEXTS = st.text(alphabet="ab éñ.!?,;:—…\n’”)字世。、？アかक्ष한 １2-*[]", max_size=900)


@settings(max_examples=150)
@given(TEXTS, st.integers(1, 60), st.booleans())
def test_no_word_is_lost_or_doubled_and_no_piece_is_too_long(text: str, limit: int, streamed: bool) -> None:
    found = [*pieces(text, limit=limit, streamed=streamed)]
    assert "".join(filter(str.isalnum, text)) == "".join(filter(str.isalnum, "".join(piece.text for piece in found)))
    assert all(len(piece.text) <= limit for piece in found)
    assert all(any(map(str.isalnum, piece.text)) for piece in found)


def test_sentences_are_packed_and_never_cut_where_they_have_room() -> None:
    sentence = "This is one of many sentences that are all alike."
    found = said(" ".join([sentence] * 20))
    assert [piece.text for piece in found] == [" ".join([sentence] * 5)] * 4
    assert [piece.pause for piece in found] == [SENTENCE_PAUSE] * 3 + [0.0]


def test_a_sentence_that_is_too_long_is_cut_at_its_clauses_then_at_words() -> None:
    clauses = said("a clause that goes on for a while, " * 20)
    assert all(piece.text.endswith("while,") for piece in clauses)
    words = said("word " * 200)
    assert {word for piece in words for word in piece.text.split()} == {"word"}
    assert {piece.pause for piece in words} == {0.0}


def test_a_letter_keeps_its_marks_where_they_have_room() -> None:
    assert {piece.text for piece in said("e\u0301" * 400)} == {"e\u0301" * (LIMIT // 2), "e\u0301" * 120}
    endless = said("e" + "\u0301" * 1000)
    assert max(len(piece.text) for piece in endless) == LIMIT


def test_the_first_piece_of_a_stream_is_short() -> None:
    text = "This sentence is the first. " + "And this is another one, which is a little longer. " * 5
    assert len(said(text, streamed=True)[0].text) <= OPENING < len(said(text)[0].text)


def test_no_short_rest_stays_behind() -> None:
    sentence = "This is one of many sentences that are all alike."
    found = said(" ".join([sentence] * 5) + " And here is just one more. Yes.")
    assert min(len(piece.text) for piece in found) >= SHORTEST


def test_chinese_is_cut_as_it_is_spoken() -> None:
    found = said("我们今天去公园散步，天气很好。" * 30, language="zh")
    assert {piece.text[-1] for piece in found} == {"。"}
    assert max(len(piece.text) for piece in found) <= LIMIT / 3 + 20


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One.[pause:1.5s]Two.", [("One.", 1.5), ("Two.", 0.0)]),
        ("One.\n\nTwo.", [("One.", PARAGRAPH_PAUSE), ("Two.", 0.0)]),
        ("One. [pause:1s] [pause:500ms]", [("One.", 1.5)]),
        ("One.\n\n* * *\n\nTwo.", [("One.", PARAGRAPH_PAUSE), ("Two.", 0.0)]),
        ("A [tomato](/təˈmeɪtoʊ/) is red.", [("A tomato is red.", 0.0)]),
        ("* * *", []),
        ("[pause:2s]", []),
    ],
)
def test_markup(text: str, expected: list[tuple[str, float]]) -> None:
    assert [(piece.text, piece.pause) for piece in said(text)] == expected


def test_a_text_may_begin_with_a_pause() -> None:
    assert said("[pause:2s]Now.") == [Piece("Now.", 0.0, 2.0)]


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("en-GB", "Dr. Low paid £3.50.", "Doctor Low paid three pounds and fifty pence."),
        ("es", "Son 12 km.", "Son doce kilómetros."),
        ("zh", "3月4日。", "三月四日。"),
        ("ja", "3月4日。", "3月4日。"),  # as Kokoro wants it, it would be half kana
        ("de", "Um 5 Uhr.", "Um 5 Uhr."),
        (None, "At 5.", "At 5."),
    ],
)
def test_figures_become_words_where_the_language_has_a_reading(language: str | None, text: str, expected: str) -> None:
    assert [piece.text for piece in said(text, language=language)] == [expected]
