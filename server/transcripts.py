"""A stored transcript as text or subtitles."""

from dataclasses import dataclass
from typing import Any

from models.subtitles import srt, vtt

MEDIA_TYPES = {"text": "text/plain; charset=utf-8", "srt": "application/x-subrip", "vtt": "text/vtt"}


@dataclass(frozen=True, slots=True)
class Cue:
    start: float
    end: float
    text: str


def plain(transcript: dict[str, Any], form: str) -> str:
    """The transcript as `text`, `srt` or `vtt`."""
    if form == "text":
        return f"{transcript['text']}\n"
    cues = [Cue(part["start"], part["end"], part["text"]) for part in transcript["segments"]]
    return srt(cues) if form == "srt" else vtt(cues)


def words(transcript: dict[str, Any]) -> list[dict[str, Any]]:
    """All words with their times in seconds; empty where the job was not asked for them."""
    return [
        {"word": word["word"].strip(), "start": word["start"], "end": word["end"]}
        for part in transcript["segments"]
        for word in part["words"] or ()
    ]
