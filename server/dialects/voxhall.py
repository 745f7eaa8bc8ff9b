"""Voxhall's own API: every spec as a job, with progress, events, cancel and delete."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, Any, BinaryIO, Literal

from fastapi import APIRouter, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from pydantic import Field, TypeAdapter
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.datastructures import FormData
from starlette.responses import JSONResponse, Response

from jobs.errors import InvalidRequest, NotFound, VoxhallError
from jobs.ledger import Job
from jobs.specs import SPEC, ConversionSpec, SpeechSpec, TranscriptionSpec, VoiceSpec
from jobs.submit import forget, submit
from models.language import matching
from server.asked import asked
from server.callers import EitherKey
from server.conversion import checked_conversion
from server.dialects.base import Dialect
from server.hall import Hall, HallDependency
from server.installed import installed
from server.results import link
from server.speech import checked_speech
from server.transcription import checked_transcription
from server.uploads import readable, required

router = APIRouter(tags=["Voxhall"])

NAME = "voxhall"
Kind = Literal["speech", "transcription", "conversion", "voice"]
State = Literal["queued", "running", "succeeded", "failed", "canceled"]
Wanted = SpeechSpec | TranscriptionSpec | ConversionSpec
"""What `POST /jobs` takes; a voice has a route of its own."""

_SPEC = "#/paths/~1jobs/post/requestBody/content/multipart~1form-data/schema/properties/spec/contentSchema"
_FORM_SPECS: TypeAdapter[Wanted] = TypeAdapter(
    Annotated[TranscriptionSpec | ConversionSpec, Field(discriminator="kind")]
)
_SUBMISSION = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": SpeechSpec.model_json_schema(),
                "example": {"kind": "speech", "text": "Good evening.", "voice": "af_heart"},
            },
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["spec", "audio"],
                    "properties": {
                        "spec": {
                            "type": "string",
                            "contentMediaType": "application/json",
                            "contentSchema": _FORM_SPECS.json_schema(ref_template=f"{_SPEC}/$defs/{{model}}"),
                            "example": '{"kind": "conversion", "voice": "Anna"}',
                        },
                        "audio": {"type": "string", "format": "binary"},
                        "speaker-0": {"type": "string", "format": "binary", "description": "The first known speaker"},
                    },
                },
            },
        },
    }
}


@router.post("/jobs", status_code=202, openapi_extra=_SUBMISSION)
async def create(hall: HallDependency, key: EitherKey, request: Request) -> JSONResponse:
    """Accepts a spec: as the JSON body, or as the field `spec` of a form beside the file `audio`.

    Recordings of a transcription's `known_speakers` are the files `speaker-0`, `speaker-1`, …, in the same order.
    """
    if request.headers.get("content-type", "").startswith("multipart/form-data"):
        async with request.form() as form:
            field = form.get("spec") or "{}"
            raw = field if isinstance(field, str) else await field.read()
            spec = await run_in_threadpool(_checked, hall, raw, key.id)
            uploads = await _uploads(hall, spec, form)
            job = await run_in_threadpool(
                lambda: submit(hall.ledger, hall.files, spec, key_id=key.id, dialect=NAME, uploads=uploads)
            )
    else:
        spec = await run_in_threadpool(_checked, hall, await request.body(), key.id)
        if not isinstance(spec, SpeechSpec):
            raise InvalidRequest(f"A {spec.kind} needs a form with the fields `spec` and `audio`.", param="audio")
        job = await run_in_threadpool(lambda: submit(hall.ledger, hall.files, spec, key_id=key.id, dialect=NAME))
    return JSONResponse(_job(hall, request, job), status_code=202, headers={"Location": f"/jobs/{job.id}"})


@router.get("/jobs")
def listing(
    hall: HallDependency,
    key: EitherKey,
    request: Request,
    kind: Kind | None = None,
    state: State | None = None,
    page: Annotated[int, Query(ge=1, le=1_000_000)] = 1,
    size: Annotated[int, Query(ge=1, le=100)] = 20,
) -> dict[str, Any]:
    """The key's jobs of every dialect, newest first."""
    found = hall.ledger.page(key_id=key.id, kind=kind, state=state, number=page, size=size)
    return {"jobs": [_job(hall, request, job) for job in found.jobs], "total": found.total, "page": page, "size": size}


@router.get("/jobs/{job_id}")
def read(hall: HallDependency, key: EitherKey, job_id: str, request: Request) -> dict[str, Any]:
    """One job, with its progress, its place in the queue, and its result or error."""
    return _job(hall, request, hall.ledger.get(job_id, key_id=key.id))


@router.post("/jobs/{job_id}/cancel")
def cancel(hall: HallDependency, key: EitherKey, job_id: str, request: Request) -> dict[str, Any]:
    """Ends a job that is not over. 409 where it is."""
    hall.ledger.get(job_id, key_id=key.id)
    job = hall.ledger.cancel(job_id)
    hall.announcer.publish(job_id, "state", state=job.state)
    return _job(hall, request, job)


@router.delete("/jobs/{job_id}", status_code=204)
def delete(hall: HallDependency, key: EitherKey, job_id: str) -> None:
    """Forgets the job and deletes its files, at once; a running one is cancelled first."""
    hall.ledger.get(job_id, key_id=key.id)
    forget(hall.ledger, hall.files, job_id)
    hall.announcer.publish(job_id, "state", state="canceled")


@router.get("/jobs/{job_id}/events")
async def events(hall: HallDependency, key: EitherKey, job_id: str, request: Request) -> EventSourceResponse:
    """Server-sent events: while it runs `progress` with the job, and `segment` with the `index` of each part that is
    made; then `done` with the job, and the stream ends.
    """
    job = await run_in_threadpool(lambda: hall.ledger.get(job_id, key_id=key.id))
    return EventSourceResponse(_events(hall, request, job))


async def _events(hall: Hall, request: Request, job: Job) -> AsyncIterator[ServerSentEvent]:
    shown = None
    async for event in hall.events.follow(job.id):
        job = await run_in_threadpool(_now, hall, job)
        if event is not None and event.kind == "segment":
            yield ServerSentEvent(json.dumps(event.data), event="segment")
            continue
        if job.done and (event is None or event.kind == "state"):
            break
        view = await run_in_threadpool(_job, hall, request, job)
        if view != shown:
            yield ServerSentEvent(json.dumps(view), event="progress")
            shown = view
    yield ServerSentEvent(json.dumps(_job(hall, request, job)), event="done")


def _now(hall: Hall, job: Job) -> Job:
    """The job as it is now; one that was deleted meanwhile is cancelled."""
    try:
        return hall.ledger.get(job.id)
    except NotFound:
        return replace(job, state="canceled")


@router.get("/voices")
def voices(hall: HallDependency, _key: EitherKey, language: str | None = None) -> dict[str, Any]:
    """Every stock voice, or those of a language ("es-MX" is "es"); `available` ones speak a language that is built in.

    Voices to convert into are in `/voices/rvc`.
    """
    stock = [(model, voice) for model in hall.catalog.of_kind("speech") for voice in model.voices.values()]
    languages = {voice.language for _, voice in stock}
    wanted = matching(language, languages) if language else languages
    found = [
        {
            "id": voice.id,
            "name": voice.name,
            "language": voice.language,
            "gender": voice.gender,
            "model": model.id,
            "available": voice.language in model.languages,
        }
        for model, voice in stock
        if voice.language in wanted
    ]
    return {"voices": found, "total": len(found)}


@router.get("/models")
def models(hall: HallDependency, _key: EitherKey) -> dict[str, Any]:
    """Every model of the catalog, installed or not."""
    return {
        "models": [
            {
                "id": model.id,
                "name": model.name,
                "kind": model.kind,
                "languages": list(model.languages),
                "licence": model.licence,
                "installed": installed(hall, model),
            }
            for model in hall.catalog.models.values()
        ]
    }


def _checked(hall: Hall, raw: str | bytes, key_id: str) -> Wanted:
    with asked():
        spec = SPEC.validate_json(raw)
    match spec:
        case SpeechSpec():
            return checked_speech(hall, spec)
        case TranscriptionSpec():
            return checked_transcription(hall, spec)
        case ConversionSpec():
            return checked_conversion(hall, spec, key_id)
        case VoiceSpec():
            raise InvalidRequest("A voice is added by `POST /voices/rvc`.", param="kind")
        case _:
            raise InvalidRequest(f"`POST /jobs` takes no `{spec.kind}`.", param="kind")


async def _uploads(hall: Hall, spec: Wanted, form: FormData) -> dict[str, BinaryIO]:
    """The job's input files: the audio, and for a transcription a recording of each known speaker."""
    if isinstance(spec, SpeechSpec):
        return {}
    speakers = _speakers(spec, form) if isinstance(spec, TranscriptionSpec) else []
    limit = hall.settings.max_upload_bytes
    return {
        name: await readable(required(form.get(name), name), limit=limit, param=name) for name in ("audio", *speakers)
    }


def _speakers(spec: TranscriptionSpec, form: FormData) -> list[str]:
    """The fields that hold the recordings of its known speakers."""
    speakers = [f"speaker-{number}" for number in range(len(spec.known_speakers))]
    if unknown := [name for name in form if name.startswith("speaker-") and name not in speakers]:
        message = f"There is a recording for each of `known_speakers`, and `{unknown[0][:20]}` is none of them."
        raise InvalidRequest(message, param=unknown[0][:20])
    if len(set(spec.known_speakers)) < len(speakers):
        raise InvalidRequest("Two known speakers have the same name.", param="known_speakers")
    return speakers


def _job(hall: Hall, request: Request, job: Job) -> dict[str, Any]:
    result = None
    if job.result:
        result = {name: value for name, value in job.result.items() if name != "file"}
        if file := job.result.get("file"):
            result["url"] = link(hall, request, file)
        if captions := result.get("captions"):
            result["captions"] = {form: link(hall, request, key) for form, key in captions.items()}
    return {
        "id": job.id,
        "kind": job.kind,
        "state": job.state,
        "progress": round(job.progress, 4),
        "position": hall.ledger.position(job.id) if job.state == "queued" else None,
        "result": result,
        "error": {"code": job.error_code, "message": job.error_message} if job.error_code else None,
        "created_at": _time(job.created_at),
        "started_at": _time(job.started_at),
        "finished_at": _time(job.finished_at),
    }


def _time(seconds: float | None) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat()


def error(error: VoxhallError, status: int) -> Response:
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else None
    body = {"error": {"code": error.code, "message": error.message, "param": error.param}}
    return JSONResponse(body, status_code=status, headers=headers)


def invalid(error: RequestValidationError) -> Response:
    problem = error.errors()[0]
    place = ".".join(str(part) for part in problem["loc"][1:])
    said = "a file is needed here" if "UploadFile" in problem["msg"] else problem["msg"].removeprefix("Value error, ")
    body = {"code": "invalid_request", "message": f"{place}: {said}", "param": place or None}
    return JSONResponse({"error": body}, status_code=400)


dialect = Dialect(NAME, router, prefixes=("/",), error=error, invalid=invalid)
