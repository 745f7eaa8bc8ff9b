"""A stored transcript as SubRip, in cues as `srtOptions` want them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from models.subtitles import srt


class SrtOptions(BaseModel):
    """Times in seconds."""

    model_config = ConfigDict(validate_by_name=True)

    lines: int = Field(default=2, ge=1, le=10, alias="maxLinesPerSubtitle")
    single_speaker: bool = Field(default=True, alias="singleSpeakerPerSubtitle")
    width: int = Field(default=42, ge=10, le=200, alias="maxCharsPerLine")
    mergeable_gap: float = Field(default=0.3, ge=0, le=60, alias="maxMergeableGap", description="a longer pause cuts")
    shortest: float = Field(default=0.7, ge=0, le=60, alias="minDuration")
    longest: float = Field(default=7.0, gt=0, le=600, alias="maxDuration")
    gap: float = Field(default=0.04, ge=0, le=10, alias="minGap", description="between two subtitles")


@dataclass(frozen=True, slots=True)
class Cue:
    start: float
    end: float
    text: str
    speaker: str | None


def subtitles(transcript: dict[str, Any], options: SrtOptions) -> str:
    """SubRip. A transcript without times of its words is cut at its segments alone."""
    cues = [_cue(part, options.width) for part in _parts(list(_words(transcript)), options)]
    return srt(_spaced(cues, options))


def _words(transcript: dict[str, Any]) -> Iterator[Cue]:
    for part in transcript["segments"]:
        for word in part.get("words") or [{"word": part["text"], "start": part["start"], "end": part["end"]}]:
            if text := word["word"].strip():
                yield Cue(word["start"], word["end"], text, part.get("speaker"))


def _parts(words: Sequence[Cue], options: SrtOptions) -> Iterator[list[Cue]]:
    part: list[Cue] = []
    for word in words:
        if part and not _belongs(word, part, options):
            yield part
            part = []
        part.append(word)
    if part:
        yield part


def _belongs(word: Cue, part: list[Cue], options: SrtOptions) -> bool:
    """Whether the word may stand in the same subtitle as those before it."""
    return (
        word.start - part[-1].end <= options.mergeable_gap
        and word.end - part[0].start <= options.longest
        and not (options.single_speaker and word.speaker != part[-1].speaker)
        and len(_lines([*part, word], options.width)) <= options.lines
    )


def _lines(words: Sequence[Cue], width: int) -> list[str]:
    lines = [""]
    for word in words:
        if lines[-1] and len(lines[-1]) + 1 + len(word.text) > width:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word.text}".strip()
    return lines


def _cue(part: list[Cue], width: int) -> Cue:
    return replace(part[0], end=part[-1].end, text="\n".join(_lines(part, width)))


def _spaced(cues: list[Cue], options: SrtOptions) -> Iterator[Cue]:
    """Each long enough to be read, as far as the next one leaves room, and the gap before that."""
    for cue, following in pairwise([*cues, None]):
        assert cue is not None
        end = max(cue.end, cue.start + options.shortest)
        if following is not None:
            end = min(end, max(following.start - options.gap, cue.start))
        yield replace(cue, end=end)
