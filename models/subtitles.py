"""Subtitles from timed text: SubRip and WebVTT. Pure, without an engine's imports."""

from collections.abc import Iterable
from typing import Protocol


class Cue(Protocol):
    """Seconds from the start of the audio, and what is said then."""

    @property
    def start(self) -> float: ...
    @property
    def end(self) -> float: ...
    @property
    def text(self) -> str: ...


def srt(cues: Iterable[Cue]) -> str:
    """SubRip: numbered from 1, comma before the milliseconds. Cues without text are left out."""
    blocks = [f"{_times(cue, ',')}\n{text}\n" for cue, text in _spoken(cues)]
    return "\n".join(f"{number}\n{block}" for number, block in enumerate(blocks, 1))


def vtt(cues: Iterable[Cue]) -> str:
    """WebVTT (https://www.w3.org/TR/webvtt1/), its reserved characters escaped. Cues without text are left out."""
    blocks = [f"{_times(cue, '.')}\n{_escaped(text)}\n" for cue, text in _spoken(cues)]
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


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
