from typing import Any

import pytest

from server.transcripts import MEDIA_TYPES, plain, words

TRANSCRIPT: dict[str, Any] = {
    "text": "Good evening. Come in.",
    "segments": [
        {
            "start": 0.0,
            "end": 1.25,
            "text": " Good evening.",
            "words": [
                {"word": " Good", "start": 0.0, "end": 0.5, "probability": 0.9},
                {"word": " evening.", "start": 0.5, "end": 1.25, "probability": 0.8},
            ],
        },
        {"start": 61.5, "end": 62.0, "text": " Come in.", "words": []},
    ],
}


def test_text_is_a_line() -> None:
    assert plain(TRANSCRIPT, "text") == "Good evening. Come in.\n"


def test_subtitles() -> None:
    assert plain(TRANSCRIPT, "srt") == (
        "1\n00:00:00,000 --> 00:00:01,250\nGood evening.\n\n2\n00:01:01,500 --> 00:01:02,000\nCome in.\n"
    )
    assert plain(TRANSCRIPT, "vtt") == (
        "WEBVTT\n\n00:00:00.000 --> 00:00:01.250\nGood evening.\n\n00:01:01.500 --> 00:01:02.000\nCome in.\n"
    )


def said(speaker: str | None, text: str) -> dict[str, Any]:
    return {"start": 0.0, "end": 1.0, "text": text, "words": [], "speaker": speaker}


def test_speakers() -> None:
    parts = [said("A", " Good evening."), said("A", " Come in."), said(None, " Hm."), said("Ada", " Thank you.")]
    transcript = {"text": "Good evening. Come in. Hm. Thank you.", "segments": parts}
    assert plain(transcript, "text") == "A: Good evening. Come in.\nHm.\nAda: Thank you.\n"
    assert "\nA: Good evening.\n" in plain(transcript, "srt")
    assert "\n<v Ada>Thank you.\n" in plain(transcript, "vtt")


@pytest.mark.parametrize("form", MEDIA_TYPES)
def test_silence_is_no_error(form: str) -> None:
    assert plain({"text": "", "segments": []}, form).strip() in {"", "WEBVTT"}


def test_words_of_all_segments_with_their_times() -> None:
    assert words(TRANSCRIPT) == [
        {"word": "Good", "start": 0.0, "end": 0.5},
        {"word": "evening.", "start": 0.5, "end": 1.25},
    ]
