"""A transcript in each `response_format`, and the pieces of it that its events share."""

import math
from typing import Any, Literal

from starlette.responses import JSONResponse, PlainTextResponse, Response

from server.dialects.openai.languages import language_name
from server.transcripts import MEDIA_TYPES, plain, words

Granularity = Literal["word", "segment"]
Transcript = dict[str, Any]

SEGMENT_FIELDS = (
    "id",
    "seek",
    "start",
    "end",
    "text",
    "tokens",
    "temperature",
    "avg_logprob",
    "compression_ratio",
    "no_speech_prob",
)
LEAST_PROBABILITY = 1e-10
ENCODER_TOKENS = 50
"""Whisper's encoder gives one vector for each 20 ms of audio."""


def in_text(content: Transcript, form: str, headers: dict[str, str]) -> Response:
    """`text`, `srt` or `vtt`."""
    return PlainTextResponse(plain(content, form), media_type=MEDIA_TYPES[form], headers=headers)


def in_json(
    content: Transcript, headers: dict[str, str], *, with_logprobs: bool = False, with_languages: bool = False
) -> Response:
    answer = {"text": content["text"], **extras(content, with_logprobs, with_languages), "usage": duration(content)}
    return JSONResponse(answer, headers=headers)


def in_verbose_json(content: Transcript, granularities: list[Granularity], headers: dict[str, str]) -> Response:
    translated = content["task"] == "translate"
    answer = {
        "task": content["task"],
        "language": "english" if translated else language_name(content["language"]),
        "duration": content["duration"],
        "text": content["text"],
        "usage": duration(content),
    }
    if "segment" in granularities:
        answer["segments"] = [{name: part[name] for name in SEGMENT_FIELDS} for part in content["segments"]]
    if "word" in granularities:
        answer["words"] = words(content)
    return JSONResponse(answer, headers=headers)


def in_diarized_json(content: Transcript, headers: dict[str, str]) -> Response:
    answer = {
        "task": content["task"],
        "duration": content["duration"],
        "text": content["text"],
        "segments": [turn(place, part) for place, part in enumerate(content["segments"])],
        "usage": duration(content),
    }
    return JSONResponse(answer, headers=headers)


def turn(place: int, part: dict[str, Any]) -> dict[str, Any]:
    """A segment of a diarized transcript; its place counts from 0."""
    return {
        "type": "transcript.text.segment",
        "id": turn_id(place),
        "start": part["start"],
        "end": part["end"],
        "speaker": part["speaker"] or "unknown",
        "text": part["text"].strip(),
    }


def turn_id(place: int) -> str:
    return f"seg_{place}"


def extras(content: Transcript, with_logprobs: bool, with_languages: bool) -> dict[str, Any]:
    """What an answer has beside its text, where it was asked for."""
    found: dict[str, Any] = {}
    if with_languages:
        found["languages"] = [{"code": content["language"]}] if content["language"] else []
    if with_logprobs:
        found["logprobs"] = [entry for part in content["segments"] for entry in logprobs(part)]
    return found


def warnings(content: Transcript) -> dict[str, Any]:
    """`warnings`, where there are some, for an answer whose headers were sent before they were known."""
    return {"warnings": content["warnings"]} if content["warnings"] else {}


def logprobs(part: dict[str, Any]) -> list[dict[str, Any]]:
    """One entry for each word of a segment: Whisper's runtime gives no probabilities of single tokens."""
    return [
        {
            "token": word["word"],
            "bytes": list(word["word"].encode()),
            "logprob": math.log(max(word["probability"], LEAST_PROBABILITY)),
        }
        for word in part["words"] or ()
    ]


def duration(content: Transcript) -> dict[str, Any]:
    return {"type": "duration", "seconds": math.ceil(content["duration"])}


def tokens(content: Transcript) -> dict[str, Any]:
    """Usage as the event `transcript.text.done` must have it: what Whisper's encoder made, and its decoder."""
    heard = math.ceil(content["duration"] * ENCODER_TOKENS)
    written = sum(len(part["tokens"]) for part in content["segments"])
    return {"type": "tokens", "input_tokens": heard, "output_tokens": written, "total_tokens": heard + written}
