# ruff: noqa: RUF001 - phonemes
import re
from collections.abc import Iterable
from dataclasses import replace
from itertools import accumulate

from hypothesis import given
from hypothesis import strategies as st

from models.kokoro.segments import (
    GROWTH,
    LIMIT,
    LONGEST,
    OPENING,
    SHORTEST,
    TARGET,
    Segment,
    segment,
    segments,
)
from models.kokoro.tokens import Token
from models.kokoro.words import Word

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
    found = re.finditer(r"(?P<token>[^\s.,;:!?]+|[.,;:!?])(?P<gap>\s?)", text)
    return [Token(t["token"], t["gap"], t["token"].strip("*"), *t.span("token")) for t in found]


def unspaced(text: str) -> list[Token]:
    """Two characters a word and its phonemes, marks mapped, as in Chinese."""
    marks = {"「": "“", "。": ".", "，": ",", "！": "!", "；": ";", "」": "”"}
    found = re.finditer(r"[^「。，！；」]{1,2}|.", text)
    return [
        Token(match[0], " ", marks.get(match[0], "ɑ" * len(match[0])), match.start(), match.end()) for match in found
    ]


def heard(text: str, found: Iterable[Segment]) -> list[tuple[str, str]]:
    """The words of segments: as they are written in `text`, and their phonemes."""
    return [
        (text[word.start : word.end], part.phonemes[word.first : word.last]) for part in found for word in part.words
    ]


@given(TOKENS, st.sampled_from([0, 40, TARGET]))
def test_every_token_is_in_one_segment_and_none_is_too_long(tokens: list[Token], lead: int) -> None:
    found = segment(tokens, pause=0.4, lead=lead)
    if found:
        assert letters("".join(part.text for part in found)) == letters("".join(token.text for token in tokens))
        assert letters("".join(part.phonemes for part in found)) == letters("".join(t.phonemes for t in tokens))
        assert [part.pause for part in found] == [0.0] * (len(found) - 1) + [0.4]
    assert all(0 < len(part.phonemes) <= LIMIT for part in found)
    assert segment(tokens, pause=0.4, lead=lead) == found


@given(TOKENS)
def test_a_paragraph_has_no_segments_only_where_nothing_is_spoken(tokens: list[Token]) -> None:
    speaks = any(symbol.isalpha() for token in tokens for symbol in token.phonemes)
    assert bool(segment(tokens)) == speaks


def test_sentences_are_packed_whole() -> None:
    sentence = "the tide turned before dawn and the boats slipped out one by one into fog."  # 74
    found = segment(spoken(" ".join([sentence] * 9)))
    assert all(part.text.endswith("fog.") for part in found)
    assert [part.text.count("fog") for part in found] == [3, 3, 3]
    assert all(len(part.phonemes) <= TARGET for part in found)


def test_what_is_heard_while_it_is_made_begins_with_a_clause() -> None:
    text = "the tide turned at last before dawn, and the boats slipped out of the harbour one by one into the fog."
    assert [part.text for part in segment(spoken(text), lead=0)] == [text[:36], text[37:]]
    assert len(segment(spoken(text))) == 1


def test_whole_sentences_come_first_as_many_as_have_room() -> None:
    first = "the tide turned before dawn. we all saw it."
    rest = "a boat came in, and nothing moved at all after that, as if the sea had gone to sleep."
    assert [part.text for part in segment(spoken(f"{first} {rest}"), lead=0)] == [first, rest]


def test_nothing_too_short_is_spoken_first_or_left_over() -> None:
    found = segment(
        spoken("no. the tide turned before dawn and the boats slipped out one by one, into the fog."), lead=0
    )
    assert len(found) == 1


def test_a_list_is_not_cut() -> None:
    text = "she went to the market for apples, pears, plums, cherries, and three very large melons that were green."
    assert len(segment(spoken(text), lead=0)) == 1


def test_a_number_that_is_read_with_pauses_is_not_cut() -> None:
    half = [replace(token, start=0, end=9) for token in spoken("one two three four five six seven, ")]
    assert len(segment(half * 2, lead=0)) == 1


@given(st.lists(st.integers(4, 12), min_size=4, max_size=30))
def test_a_listener_never_waits_for_more_than_was_spoken_so_far(clauses: list[int]) -> None:
    """Twice of it, that is, since speech is made at least three times as fast as it is spoken."""
    text = " ".join("sound " * size + "sea" + ",."[place % 2] for place, size in enumerate(clauses))
    before = 0
    for part in segment(spoken(text), lead=0):
        assert len(part.phonemes) <= max(OPENING + SHORTEST, GROWTH * before + SHORTEST)
        before += len(part.phonemes) + 1


def test_parts_grow_from_paragraph_to_paragraph() -> None:
    line = "the tide turned at last before dawn, and the boats slipped out of the harbour one by one. "
    sizes = [len(part.phonemes) for part in segments(f"{line}\n{line * 2}", spoken, streamed=True)]
    assert sizes == [36, 52, 89, 89]
    assert [len(part.phonemes) for part in segments(line * 2, spoken)] == [2 * len(line) - 1]


def test_fast_speech_opens_with_a_whole_sentence() -> None:
    line = "the tide turned at last before dawn, and the boats slipped out of the harbour one by one. "
    assert [len(part.phonemes) for part in segments(line * 2, spoken, streamed=True, speed=2.0)] == [len(line) - 1] * 2


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


def test_a_text_is_asked_for_one_paragraph_at_a_time() -> None:
    asked: list[str] = []

    def phonemize(text: str) -> list[Token]:
        asked.append(text)
        return spoken(text)

    found = segments("* * *\nFirst paragraph.\nSecond paragraph.", phonemize)
    assert next(found).text == "First paragraph."
    assert asked == ["* * *", "First paragraph."]


def test_a_pause_tag_ends_a_paragraph_with_its_silence() -> None:
    found = list(segments("One two.\n[pause:1.5s]\nThree four.[pause:500ms]", spoken))
    assert [(part.phonemes, part.pause) for part in found] == [("One two.", 1.5), ("Three four.", 0.5)]


def test_a_pause_with_nothing_before_it_is_a_segment_of_its_own() -> None:
    found = list(segments("[pause:1s]One.[pause:2s][pause:3s]* * *[pause:4s]", spoken))
    assert [(part.phonemes, part.pause) for part in found] == [("", 1), ("One.", 2), ("", 3), ("", 4)]
    assert all(part.words == () for part in found if not part.phonemes)


def test_words_are_the_callers_without_their_marks() -> None:
    text = "  One,\u00ad two\n\n(three)... Four!"
    found = list(segments(text, lambda part: spoken(part.replace("(", "*").replace(")", "*"))))
    assert heard(text, found) == [("One", "One"), ("two", "two"), ("(three)", "three"), ("Four", "Four")]


def test_the_tokens_of_one_number_are_one_word() -> None:
    tokens = [Token("five", " ", "fIv", 3, 5), Token("dollars", "", "dɑləɹz", 3, 5), Token(",", " ", ",", 5, 6)]
    (found,) = segment([Token("at", " ", "æt", 0, 2), *tokens, Token("now", "", "nW", 7, 10)])
    assert found.words == (Word(0, 2, 0, 2), Word(3, 5, 3, 13), Word(7, 10, 15, 17))


def test_a_word_with_markup_is_one_word() -> None:
    text = "See [Kokoro](/koko ɹo/)'s boat."

    def phonemize(_: str) -> list[Token]:
        kokoro = [Token("Kokoro", "", "koko ɹo", 5, 11), Token("'s", " ", "z", 23, 25)]
        return [Token("See", " ", "si", 0, 3), *kokoro, Token("boat", "", "bOt", 26, 30), Token(".", "", ".", 30, 31)]

    words = next(segments(text, phonemize)).words
    assert [(word.start, word.end) for word in words] == [(0, 3), (5, 25), (26, 30)]


def test_tokens_that_are_spoken_as_one_are_the_callers_words_all_the_same() -> None:
    tokens = [Token("qu'est-ce", "", "kɛs", 0, 9), Token("que", "", "kə", 10, 13)]
    (found,) = segments("qu'est-ce que", lambda _: tokens)
    assert found.phonemes == "kɛskə"
    assert [(word.start, word.end, word.first, word.last) for word in found.words] == [(0, 9, 0, 3), (10, 13, 3, 5)]


@given(TOKENS)
def test_words_are_in_order_and_speak(tokens: list[Token]) -> None:
    ends = list(accumulate(len(token.text + token.whitespace) for token in tokens))
    placed = [
        replace(token, start=end - len(token.text + token.whitespace), end=end - len(token.whitespace))
        for token, end in zip(tokens, ends, strict=True)
    ]
    for part in segment(placed):
        spans = [edge for word in part.words for edge in (word.first, word.last)]
        assert spans == sorted(spans)
        assert all(any(map(str.isalpha, part.phonemes[word.first : word.last])) for word in part.words)
        outside = "".join(part.phonemes[start:end] for start, end in gaps(part))
        assert not any(map(str.isalpha, outside))


def gaps(part: Segment) -> list[tuple[int, int]]:
    edges = [0, *(edge for word in part.words for edge in (word.first, word.last)), len(part.phonemes)]
    return list(zip(edges[::2], edges[1::2], strict=True))


def test_words_of_a_script_without_spaces_are_the_g2ps() -> None:
    text = "今天天气很好。"
    assert [word for word, _ in heard(text, segments(text, unspaced))] == ["今天", "天气", "很好"]


def test_a_paragraph_without_spaces_is_cut_at_its_sentences() -> None:
    text = "「我们明天早上在火车站见面，然后一起去北京！」" + "我们明天早上在火车站见面，然后一起去北京。" * 190
    found = list(segments(text, unspaced))
    assert all(part.phonemes.endswith((".", "!”", ". ”", "! ”")) for part in found)
    assert all(len(part.phonemes) <= LIMIT for part in found)
    assert max(len(part.phonemes) for part in found) <= TARGET
    assert "".join(text[part.words[0].start : part.words[-1].end] for part in found)[:5] == "我们明天早"
    assert sum(len(part.words) for part in found) == sum(token.speaks for token in unspaced(text))


def test_a_long_sentence_without_spaces_is_cut_at_its_commas() -> None:
    found = segment(unspaced("我们明天早上在火车站见面，" * 80))
    assert len(found) > 3
    assert all(part.phonemes.endswith(",") and len(part.phonemes) <= LONGEST + SHORTEST for part in found)


def test_a_sentence_without_any_mark_is_cut_between_words() -> None:
    found = segment(unspaced("见面" * 400))
    assert all(len(part.phonemes) <= LONGEST + SHORTEST for part in found)
    assert sum(len(part.words) for part in found) == 400
