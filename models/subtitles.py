"""Subtitles from timed text: SubRip and WebVTT. Pure, without an engine's imports."""

from collections.abc import Iterable
from typing import Protocol


class Cue(Protocol):
    """Seconds from the start of the audio, what is said then, and by whom where that is known."""

    @property
    def start(self) -> float: ...
    @property
    def end(self) -> float: ...
    @property
    def text(self) -> str: ...
    @property
    def speaker(self) -> str | None: ...


def srt(cues: Iterable[Cue]) -> str:
    """SubRip: numbered from 1, comma before the milliseconds, "A: " before what speaker A says.

    Cues without text are left out.
    """
    blocks = [f"{_times(cue, ',')}\n{_prefix(cue)}{text}\n" for cue, text in _spoken(cues)]
    return "\n".join(f"{number}\n{block}" for number, block in enumerate(blocks, 1))


def vtt(cues: Iterable[Cue]) -> str:
    """WebVTT (https://www.w3.org/TR/webvtt1/), its reserved characters escaped, speakers in voice tags.

    Cues without text are left out.
    """
    blocks = [f"{_times(cue, '.')}\n{_voice(cue)}{_escaped(text)}\n" for cue, text in _spoken(cues)]
    return "\n".join(["WEBVTT\n", *blocks])


def _spoken(cues: Iterable[Cue]) -> list[tuple[Cue, str]]:
    """With the text in lines none of which is empty (it would end the cue) or reads as an arrow line."""
    texts = [(cue, "\n".join(filter(None, map(str.strip, cue.text.splitlines())))) for cue in cues]
    return [(cue, text.replace("-->", "->")) for cue, text in texts if text]


def _times(cue: Cue, separator: str) -> str:
    return f"{_time(cue.start, separator)} --> {_time(max(cue.start, cue.end), separator)}"


def _time(seconds: float, separator: str) -> str:
    milliseconds = max(0, round(seconds * 1000))
    minutes, milliseconds = divmod(milliseconds, 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{milliseconds // 1000:02}{separator}{milliseconds % 1000:03}"


def _prefix(cue: Cue) -> str:
    return f"{_speaker(cue)}: " if cue.speaker else ""


def _voice(cue: Cue) -> str:
    return f"<v {_escaped(_speaker(cue))}>" if cue.speaker else ""


def _speaker(cue: Cue) -> str:
    """On one line, and without an arrow, as the text."""
    return " ".join((cue.speaker or "").split()).replace("-->", "->")


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
