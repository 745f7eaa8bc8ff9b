# ruff: noqa: RUF001 - phonemes, and marks of Chinese
import re
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from models.captions import LONGEST, Caption, TimedWord, captions


def timed(text: str, *, seconds: float = 0.3, pauses: dict[str, float] | None = None) -> list[TimedWord]:
    """Every run of letters and digits a word of `seconds`, followed by the pause that `pauses` gives it."""
    words, now = [], 0.0
    for match in re.finditer(r"[\w'-]+", text):
        words.append(TimedWord(now, now + seconds, *match.span()))
        now += seconds + (pauses or {}).get(match[0], 0.0)
    return words


def texts(text: str, **pauses: float) -> list[str]:
    return [cue.text for cue in captions(text, timed(text, pauses=pauses))]


def test_a_cue_ends_with_its_sentence() -> None:
    assert texts("Dr. Smith came. He left!", came=0.3) == ["Dr. Smith came.", "He left!"]


def test_a_cue_ends_at_a_pause() -> None:
    assert texts("One moment\nplease", moment=0.6) == ["One moment", "please"]
    assert texts("One moment\nplease", moment=0.4) == ["One moment please"]


def test_a_cue_lasts_from_its_first_word_to_its_last() -> None:
    text = "Yes. No, never."
    assert captions(text, timed(text, seconds=0.25, pauses={"Yes": 0.25})) == [
        Caption(0.0, 0.25, "Yes."),
        Caption(0.5, 1.0, "No, never."),
    ]


def test_marks_stay_with_their_words() -> None:
    assert texts('He said ("Go!") and [sic] went.', Go=0.2, sic=0.6) == ['He said ("Go!")', "and [sic]", "went."]


def test_markup_is_not_shown() -> None:
    text = "A [tomato](/təˈmɑːtəʊ/)es[pause:300ms]and [pause:1s] more."
    starts = [(word, text.index(word)) for word in ("A", "tomato", "and", "more")]
    words = [TimedWord(n, n + 1, start, start + len(word)) for n, (word, start) in enumerate(starts)]
    assert [cue.text for cue in captions(text, words)] == ["A tomatoes and more."]


def test_a_long_sentence_is_halved_at_its_clause() -> None:
    text = (
        "The harbour master counted seven ships before breakfast, and then he went home, because it was far too cold "
        "to count any more of them."
    )
    assert texts(text) == [
        "The harbour master counted seven ships\nbefore breakfast,",
        "and then he went home, because it was far\ntoo cold to count any more of them.",
    ]


def test_what_lasts_too_long_is_cut() -> None:
    text = "One two three four five six"
    cues = captions(text, timed(text, seconds=3))
    assert [cue.text for cue in cues] == ["One two", "three", "four", "five six"]
    assert captions("One", [TimedWord(0, 20, 0, 3)]) == [Caption(0, LONGEST, "One")]


def test_a_word_longer_than_a_line_is_chopped() -> None:
    text = f"See {'x' * 100} there."
    cues = captions(text, timed(text))
    assert max(len(line) for cue in cues for line in cue.text.splitlines()) <= 42
    assert "".join("".join(cue.text.split()) for cue in cues) == "".join(text.split())


def test_chinese_has_short_lines_without_spaces() -> None:
    text = "今天的天气非常好，我们决定去公园散步，然后在湖边的「小餐厅」吃午饭。下午再回家。"
    words = [TimedWord(n / 4, n / 4 + 0.2, n, n + 1) for n, character in enumerate(text) if character.isalpha()]
    cues = captions(text, words, width=20)
    assert [cue.text for cue in cues] == [
        "今天的天气非常好，我们决定去公园散步，", "然后在湖边的「小餐厅」吃午饭。", "下午再回家。"
    ]  # fmt: skip


def test_no_words_no_cues() -> None:
    assert captions("* * *", []) == []


@given(st.text(alphabet="ab .,!?\n()“”[]:", max_size=300), st.floats(0.01, 2), st.floats(0, 1))
def test_cues_hold_the_whole_text_in_order_and_fit(text: str, seconds: float, pause: float) -> None:
    words, now = [], 0.0
    for match in re.finditer(r"[ab]+", text):
        words.append(TimedWord(now, now + seconds, *match.span()))
        now += seconds + pause
    cues = captions(text, words)
    shown = "".join("".join(cue.text.split()) for cue in cues)
    assert shown == ("".join(text.split()) if words else "")
    assert all(one.end <= other.start for one, other in pairwise(cues))
    assert all(0 <= cue.start < cue.end <= now for cue in cues)
    assert all(len(line) <= 42 for cue in cues for line in cue.text.splitlines())
    assert all(cue.text.count("\n") < 2 and cue.end - cue.start <= LONGEST + 1e-9 for cue in cues)
