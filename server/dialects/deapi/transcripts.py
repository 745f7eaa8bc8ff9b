"""A stored transcript as deAPI's file of it: plain text, or JSON with times. It is made when it is asked for."""

import json
from typing import Any, Literal, Self

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict
from starlette.responses import Response

from jobs.errors import NotFound
from jobs.files import result_key
from jobs.ledger import Job
from jobs.specs import TranscriptionSpec
from server.dialects.deapi.bodies import Finer
from server.dialects.deapi.names import NAME, PLAIN
from server.hall import Hall, HallDependency
from server.results import base_url, stored_transcript

router = APIRouter()

STORED = "transcript.json"
NO_SUCH = "The link is wrong or has expired."


class Rendering(BaseModel):
    """How a job's transcript shall look, as its spec keeps it."""

    model_config = ConfigDict(frozen=True)

    times: Literal["none", "segment", "word"]
    structured: bool
    """Whether the file is JSON."""
    inline: bool
    """Whether the status has the transcript, too."""
    metadata: bool
    """Whether the status tells of the source."""
    job_type: str
    """deAPI's word for the job, as its webhooks have it."""

    @classmethod
    def of(cls, asked: Finer, *, inline: bool, job_type: str) -> Self:
        times = asked.ts_level if asked.include_ts or asked.diarize else "none"
        # deAPI's older model writes lines with times, and knows neither words nor speakers.
        structured = times == "word" or asked.diarize or (times == "segment" and asked.model != PLAIN)
        return cls(
            times=times, structured=structured, inline=inline, metadata=asked.include_metadata, job_type=job_type
        )


def rendering_of(spec: TranscriptionSpec) -> Rendering:
    return Rendering.model_validate(spec.rendering)


def transcript_link(hall: Hall, request: Request, job: Job) -> str:
    """A URL that serves the file without a key, until it expires."""
    assert isinstance(job.spec, TranscriptionSpec)
    path = hall.links.path(job.file, seconds=hall.settings.link_seconds)
    suffix = "json" if rendering_of(job.spec).structured else "txt"
    return f"{base_url(hall, request)}/api/v2{path.removesuffix(STORED)}transcript.{suffix}"


def transcript_of(hall: Hall, job: Job) -> str:
    """What the file holds. Raises `NotFound`."""
    assert isinstance(job.spec, TranscriptionSpec)
    stored = stored_transcript(hall, job)
    asked = rendering_of(job.spec)
    if asked.structured:
        return json.dumps(_structured(stored, asked, job.spec), ensure_ascii=False)
    return _lines(stored) if asked.times == "segment" else stored["text"]


@router.head("/api/v2/files/{token}/{name}", include_in_schema=False)
@router.get("/api/v2/files/{token}/{name}", response_class=Response)
def download(hall: HallDependency, token: str, name: str) -> Response:  # noqa: ARG001 - the name is for people
    """A transcript, in the form that its job was asked for. The signature is the only guard, so it needs no key."""
    job = _job_of(hall, hall.links.key(token))
    assert isinstance(job.spec, TranscriptionSpec)
    media_type = "application/json" if rendering_of(job.spec).structured else "text/plain; charset=utf-8"
    headers = {"Cache-Control": "private", "X-Content-Type-Options": "nosniff"}
    return Response(transcript_of(hall, job), media_type=media_type, headers=headers)


def _job_of(hall: Hall, key: str) -> Job:
    job_id = key.split("/")[1] if key.count("/") > 1 else ""
    if key != result_key(job_id, STORED):
        raise NotFound(NO_SUCH)
    job = hall.ledger.get(job_id)
    if job.dialect != NAME or not job.result:
        raise NotFound(NO_SUCH)
    return job


def _structured(stored: dict[str, Any], asked: Rendering, spec: TranscriptionSpec) -> dict[str, Any]:
    speakers = {name: f"SPEAKER_{number:02}" for number, name in enumerate(stored["speakers"])}
    return {
        "text": stored["text"],
        "language": stored["language"],
        "language_probability": stored["language_probability"],
        "ts_level": asked.times,
        "diarization_available": spec.diarize,
        "segments": [_segment(part, asked, speakers) for part in stored["segments"]],
    }


def _segment(part: dict[str, Any], asked: Rendering, speakers: dict[str, str]) -> dict[str, Any]:
    segment = {name: part[name] for name in ("start", "end")}
    segment |= {"text": part["text"].strip(), "avg_logprob": part["avg_logprob"]}
    segment |= _speaker(part, speakers)
    if asked.times == "word":
        segment["words"] = [_word(word, speakers) for word in part["words"] or ()]
    return segment


def _word(word: dict[str, Any], speakers: dict[str, str]) -> dict[str, Any]:
    timed = {"word": word["word"].strip(), "start": word["start"], "end": word["end"], "score": word["probability"]}
    return timed | _speaker(word, speakers)


def _speaker(timed: dict[str, Any], speakers: dict[str, str]) -> dict[str, str]:
    """Nothing where nobody is known to speak: its clients read a string."""
    name = timed.get("speaker")
    return {"speaker": speakers[name]} if name in speakers else {}


def _lines(stored: dict[str, Any]) -> str:
    return "".join(
        f"[{_clock(part['start'])} --> {_clock(part['end'])}] {part['text'].strip()}\n" for part in stored["segments"]
    )


def _clock(seconds: float) -> str:
    milliseconds = round(seconds * 1000)
    minutes, rest = divmod(milliseconds, 60_000)
    return f"{minutes // 60:02}:{minutes % 60:02}:{rest // 1000:02}.{rest % 1000:03}"
