"""A stored transcript as TTS.ai's clients read it."""

from typing import Any

UNKNOWN = "unknown"
"""The language of a recording in which nothing is said: clients expect a text."""


def heard(content: dict[str, Any]) -> dict[str, Any]:
    """Text, language, seconds and segments; the words with their times where they were asked for."""
    speakers = {name: f"SPEAKER_{number:02}" for number, name in enumerate(content["speakers"])}
    segments = [_segment(part, speakers) for part in content["segments"]]
    words = [word for segment in segments for word in segment.get("words", ())]
    body = {
        "text": content["text"],
        "language": content["language"] or UNKNOWN,
        "duration": content["duration"],
        "segments": segments,
    }
    return body | ({"words": words} if words else {})


def _segment(part: dict[str, Any], speakers: dict[str, str]) -> dict[str, Any]:
    segment: dict[str, Any] = {"start": part["start"], "end": part["end"], "text": part["text"].strip()}
    segment["speaker"] = speakers.get(part["speaker"] or "")
    if part["words"]:
        segment["words"] = [
            {"word": word["word"].strip(), "start": word["start"], "end": word["end"]} for word in part["words"]
        ]
    return segment
