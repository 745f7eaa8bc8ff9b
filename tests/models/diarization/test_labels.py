from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from models.diarization.labels import by_speaker, names
from models.diarization.turns import Turn

TURNS = [Turn(0.0, 2.0, 0), Turn(2.2, 4.0, 1), Turn(6.0, 8.0, 0)]
NAMES = {0: "A", 1: "B"}


def segment(*words: tuple[str, float, float]) -> dict[str, Any]:
    return {
        "id": 7,
        "start": words[0][1] if words else 0.0,
        "end": words[-1][2] if words else 0.0,
        "text": "".join(word for word, _, _ in words),
        "tokens": (1, 2),
        "avg_logprob": -0.2,
        "words": [{"word": word, "start": start, "end": end} for word, start, end in words],
    }


def test_a_segment_is_cut_where_the_speaker_changes() -> None:
    whole = segment(
        (" Hello", 0.5, 1.0), (" there.", 1.0, 2.0), (" Who", 2.1, 3.0), (" is", 3.0, 3.2), (" it?", 5.5, 7.0)
    )
    parts = by_speaker(whole, TURNS, NAMES)
    assert [(part["speaker"], part["text"], part["start"], part["end"]) for part in parts] == [
        ("A", " Hello there.", 0.5, 2.0),
        ("B", " Who is", 2.1, 3.2),
        ("A", " it?", 5.5, 7.0),
    ]
    assert all(part["tokens"] == [] and part["avg_logprob"] == -0.2 for part in parts)


def test_a_segment_of_one_speaker_stays_whole() -> None:
    whole = segment((" Hello", 0.5, 1.0), (" there.", 1.0, 1.9))
    (part,) = by_speaker(whole, TURNS, NAMES)
    assert part == whole | {"speaker": "A", "words": [word | {"speaker": "A"} for word in whole["words"]]}


def test_a_word_outside_all_turns_belongs_to_the_nearest() -> None:
    spoken = [by_speaker(segment((" so", at, at + 0.1)), TURNS, NAMES)[0]["speaker"] for at in (4.5, 5.5, 100.0)]
    assert spoken == ["B", "A", "A"]


def test_a_segment_without_words_has_the_speaker_of_its_time() -> None:
    (part,) = by_speaker(segment() | {"start": 2.0, "end": 3.0}, TURNS, NAMES)
    assert (part["speaker"], part["words"]) == ("B", [])


def test_without_turns_nobody_is_named() -> None:
    (part,) = by_speaker(segment((" Hm", 0.0, 1.0)), [], {})
    assert part["speaker"] is None
    assert part["words"][0]["speaker"] is None


times = st.floats(0, 100, allow_nan=False)
words = st.lists(st.tuples(st.text(min_size=1), times, times))


@st.composite
def conversations(draw: st.DrawFn) -> list[Turn]:
    """Turns in order of time, some with a pause between them and some without, each of another speaker."""
    lengths = st.floats(0.1, 5.0)
    turns: list[Turn] = []
    for speaker in range(draw(st.integers(1, 12))):
        start = (turns[-1].end if turns else 0.0) + draw(st.just(0.0) | lengths)
        turns.append(Turn(start, start + draw(lengths), speaker))
    return turns


@given(conversations(), times, times)
def test_the_speaker_is_who_overlaps_most_of_all(turns: list[Turn], one: float, other: float) -> None:
    """However few of the turns were looked at."""
    start, end = sorted((one / 2, other / 2))
    overlaps = [min(end, turn.end) - max(start, turn.start) for turn in turns]
    (part,) = by_speaker(segment((" so", start, end)), turns, {turn.speaker: str(turn.speaker) for turn in turns})
    assert overlaps[int(part["speaker"])] == max(overlaps)


@given(words, conversations())
def test_every_word_has_one_speaker_and_no_text_is_lost(
    said: list[tuple[str, float, float]], turns: list[Turn]
) -> None:
    whole = segment(*said)
    parts = by_speaker(whole, turns, names(turns))
    assert "".join(part["text"] for part in parts) == whole["text"]
    spoken = [word for part in parts for word in part["words"]]
    assert [{key: word[key] for key in ("word", "start", "end")} for word in spoken] == whole["words"]
    assert all(word["speaker"] == part["speaker"] for part in parts for word in part["words"])
    assert all(one["speaker"] != other["speaker"] for one, other in pairwise(parts))


def test_names_are_letters_in_order_of_speaking() -> None:
    assert names([Turn(0, 1, 0), Turn(1, 2, 1), Turn(2, 3, 0), Turn(3, 4, 2)]) == {0: "A", 1: "B", 2: "C"}


def test_known_ones_have_their_names_and_leave_those_letters() -> None:
    turns = [Turn(0, 1, 2), Turn(1, 2, 1), Turn(2, 3, 3)]
    assert list(names(turns, ["Ann", "A"]).items()) == [(2, "B"), (1, "A"), (3, "C")]
