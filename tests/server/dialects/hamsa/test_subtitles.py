"""Hamsa's SubRip, read by a parser of others."""

from typing import Any

import pysubs2
import pytest

from server.dialects.hamsa.subtitles import SrtOptions, subtitles


def said(*words: tuple[float, float, str], speaker: str | None = None) -> dict[str, Any]:
    told = [{"word": f" {word}", "start": start, "end": end} for start, end, word in words]
    text = "".join(f" {word}" for *_, word in words)
    return {"start": words[0][0], "end": words[-1][1], "text": text, "words": told, "speaker": speaker}


def cues(*parts: dict[str, Any], **options: Any) -> list[tuple[int, int, str]]:
    parsed = pysubs2.SSAFile.from_string(subtitles({"segments": parts}, SrtOptions(**options)), format_="srt")
    return [(event.start, event.end, event.plaintext) for event in parsed]


TEN = [(n * 0.5, n * 0.5 + 0.5, f"word{n}") for n in range(10)]


def test_words_fill_lines_and_lines_fill_a_subtitle() -> None:
    assert cues(said(*TEN), maxCharsPerLine=18, maxLinesPerSubtitle=2) == [
        (0, 2960, "word0 word1 word2\nword3 word4 word5"),
        (3000, 5000, "word6 word7 word8\nword9"),
    ]


def test_one_line_each() -> None:
    found = cues(said(*TEN), maxCharsPerLine=42, maxLinesPerSubtitle=1)
    assert [text.count("\n") for *_, text in found] == [0] * len(found)
    assert all(len(text) <= 42 for *_, text in found)


def test_a_pause_that_is_not_merged_cuts() -> None:
    parts = said((0.0, 0.5, "One"), (0.7, 1.2, "two"), (1.6, 2.0, "three"))
    assert [text for *_, text in cues(parts)] == ["One two", "three"]
    assert [text for *_, text in cues(parts, maxMergeableGap=0.1)] == ["One", "two", "three"]
    assert [text for *_, text in cues(parts, maxMergeableGap=0.5)] == ["One two three"]


def test_none_lasts_too_long() -> None:
    assert all(end - start <= 2000 for start, end, _ in cues(said(*TEN), maxDuration=2, minDuration=0))


def test_a_short_one_stays_as_long_as_there_is_room() -> None:
    parts = said((0.0, 0.1, "Yes"), (0.5, 0.6, "no"), (5.0, 5.1, "so"))
    assert cues(parts, minDuration=1, minGap=0.1) == [(0, 400, "Yes"), (500, 1500, "no"), (5000, 6000, "so")]


def test_each_speaker_has_subtitles_of_their_own() -> None:
    turns = [said((0.0, 0.5, "Hello"), speaker="A"), said((0.6, 1.0, "there"), speaker="B")]
    assert [text for *_, text in cues(*turns)] == ["A: Hello", "B: there"]
    assert len(cues(*turns, singleSpeakerPerSubtitle=False)) == 1


def test_segments_without_the_times_of_words() -> None:
    parts = [{"start": 0.0, "end": 2.0, "text": " Good evening.", "words": None}]
    assert cues(*parts) == [(0, 2000, "Good evening.")]


def test_silence() -> None:
    assert subtitles({"segments": []}, SrtOptions()) == ""


@pytest.mark.parametrize("wrong", [{"maxCharsPerLine": 0}, {"maxLinesPerSubtitle": 0}, {"maxDuration": 0}])
def test_options_that_no_subtitle_can_keep(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="greater than"):
        SrtOptions(**wrong)
