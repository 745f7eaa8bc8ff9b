"""Turns put on a transcript: each word gets its speaker, each segment has one."""

import string
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

from models.diarization.turns import Turn

Segment = dict[str, Any]
"""As in the transcript file: `start`, `end`, `text` and `words`, each of these with `word`, `start`, `end`."""


def names(turns: Iterable[Turn], known: Sequence[str] = ()) -> dict[int, str]:
    """The name of each speaker, in the order of first speaking: a known one's own; others are "A", "B", …

    `known`: the names of the voices that `turns` was given, in their order.
    """
    letters = (letter for letter in string.ascii_uppercase if letter not in known)
    speakers = dict.fromkeys(turn.speaker for turn in turns)
    return {speaker: known[speaker] if speaker < len(known) else next(letters) for speaker in speakers}


def by_speaker(segment: Segment, turns: Sequence[Turn], names: Mapping[int, str]) -> list[Segment]:
    """`segment`, cut where the speaker of its words changes; `speaker` (None without turns) in segments and words.

    `turns`: in order of time, never two at once.

    A part's times and text are those of its words; all else is the whole's, except that it has no `tokens`: which of
    them are a part's is not known.
    """

    def speaker_of(timed: Mapping[str, Any]) -> str | None:
        return names[_speaker(timed["start"], timed["end"], turns)] if turns else None

    words = [word | {"speaker": speaker_of(word)} for word in segment["words"]]
    runs = [list(run) for _, run in groupby(words, key=lambda word: word["speaker"])]
    if len(runs) < 2:
        return [segment | {"words": words, "speaker": words[0]["speaker"] if words else speaker_of(segment)}]
    return [segment | _part(run) for run in runs]


def _part(words: Sequence[Mapping[str, Any]]) -> Segment:
    return {
        "start": words[0]["start"],
        "end": words[-1]["end"],
        "text": "".join(word["word"] for word in words),
        "tokens": [],
        "words": words,
        "speaker": words[0]["speaker"],
    }


def _speaker(start: float, end: float, turns: Sequence[Turn]) -> int:
    """Whose turn overlaps start to end (seconds) the most; the nearest turn where none does."""

    def overlap(turn: Turn) -> float:
        return min(end, turn.end) - max(start, turn.start)  # negative: the gap between them

    # Those that overlap, and their neighbours: a long recording has thousands of turns, and many more words.
    first = bisect_right(turns, start, key=lambda turn: turn.end)
    last = bisect_left(turns, end, key=lambda turn: turn.start)
    return max(turns[max(0, first - 1) : max(first, last) + 1], key=overlap).speaker
