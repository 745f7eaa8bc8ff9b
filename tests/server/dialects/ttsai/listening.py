"""Transcripts as the worker stores them."""

import json
from typing import Any

SPOKEN = ("Good evening.", "Come in.", "It is cold outside.")


def part(index: int, text: str, speaker: str | None = None, *, words: bool = False) -> dict[str, Any]:
    timed = [{"word": f" {word}", "start": index, "end": index + 0.5, "probability": 0.5} for word in text.split()]
    return {
        "id": index,
        "start": float(index),
        "end": index + 0.9,
        "text": f" {text}",
        "words": timed if words else None,
        "speaker": speaker,
    }


def transcript(*parts: dict[str, Any], language: str | None = "en") -> bytes:
    content = {
        "text": "".join(part["text"] for part in parts).strip(),
        "task": "transcribe",
        "language": language,
        "language_probability": 0.9,
        "duration": float(len(parts)),
        "segments": parts,
        "speakers": sorted({part["speaker"] for part in parts if part["speaker"]}),
        "warnings": [],
    }
    return json.dumps(content).encode()


HEARD = transcript(*(part(index, text) for index, text in enumerate(SPOKEN)))
TURNS = transcript(*(part(index, text, "ABA"[index], words=True) for index, text in enumerate(SPOKEN)))
SILENCE = transcript(language=None)
