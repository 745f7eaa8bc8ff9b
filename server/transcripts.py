"""A stored transcript as text or subtitles."""

from dataclasses import dataclass
from itertools import groupby
from typing import Any

from models.subtitles import srt, vtt

MEDIA_TYPES = {"text": "text/plain; charset=utf-8", "srt": "application/x-subrip", "vtt": "text/vtt"}


@dataclass(frozen=True, slots=True)
class Cue:
    start: float
    end: float
    text: str
    speaker: str | None


def plain(transcript: dict[str, Any], form: str) -> str:
    """The transcript as `text`, `srt` or `vtt`; with its speakers where they are known."""
    cues = [Cue(part["start"], part["end"], part["text"], part.get("speaker")) for part in transcript["segments"]]
    if form == "text":
        return _turns(cues) if any(cue.speaker for cue in cues) else f"{transcript['text']}\n"
    return srt(cues) if form == "srt" else vtt(cues)


def words(transcript: dict[str, Any]) -> list[dict[str, Any]]:
    """All words with their times in seconds; empty where the job was not asked for them."""
    return [
        {"word": word["word"].strip(), "start": word["start"], "end": word["end"]}
        for part in transcript["segments"]
        for word in part["words"] or ()
    ]


def _turns(cues: list[Cue]) -> str:
    """A line for each turn: "A: Good evening." What nobody is known to say has no name before it."""
    turns = [(who, "".join(cue.text for cue in said).strip()) for who, said in groupby(cues, lambda cue: cue.speaker)]
    return "".join(f"{who}: {text}\n" if who else f"{text}\n" for who, text in turns if text)
