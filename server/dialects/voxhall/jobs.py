"""`/jobs`: submitted, listed, read, followed, cancelled, deleted."""

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import Annotated, Any, BinaryIO, Literal, get_args

from fastapi import APIRouter, Header, Query, Request
from fastapi.concurrency import run_in_threadpool
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.responses import JSONResponse, Response

from jobs.errors import InvalidRequest, NotFound
from jobs.ledger import Job
from jobs.submit import forget
from jobs.webhooks import Webhook
from server.accepting import accept
from server.callers import Caller, EitherKey
from server.cloning import engine_headers
from server.dialects.voxhall.announced import announced
from server.dialects.voxhall.submission import (
    SUBMISSION,
    Wanted,
    checked,
    needs_audio,
    parsed,
    parsed_body,
    recordings,
    reference,
)
from server.dialects.voxhall.view import job_view
from server.event_stream import SHUTDOWN_GRACE
from server.forms import is_form
from server.hall import Hall, HallDependency
from server.strict import StrictModels

router = APIRouter()

NAME = "voxhall"
Kind = Literal["speech", "transcription", "conversion", "voice", "clone", "change", "enrolment", "embedding"]
LISTED = tuple(kind for kind in get_args(Kind) if kind != "embedding")
State = Literal["queued", "running", "succeeded", "failed", "canceled"]


@router.post("/jobs", status_code=202, openapi_extra=SUBMISSION)
async def create(hall: HallDependency, key: EitherKey, strict: StrictModels, request: Request) -> JSONResponse:
    """Accepts a spec: as the JSON body, or as the field `spec` of a form beside its files.

    A transcription, a conversion and a change need the file `audio`. A clone and a change take the file `reference`,
    unless they name or describe a voice. Recordings of a transcription's `known_speakers` are the files `speaker-0`,
    `speaker-1`, …, in the same order. `X-Voxhall-Model` names the model that speaks.
    """
    if is_form(request):
        job = await _from_form(hall, key, strict, request)
    else:
        job = await _from_json(hall, key, strict, request)
    headers = {"Location": f"/jobs/{job.id}"} | engine_headers(job)
    view = await run_in_threadpool(job_view, hall, request, job)
    return JSONResponse(view, status_code=202, headers=headers)


async def _from_form(hall: Hall, key: Caller, strict: bool, request: Request) -> Job:
    async with request.form() as form:
        field = form.get("spec") or "{}"
        raw = parsed(field if isinstance(field, str) else await field.read())
        clip, seconds = await reference(hall, raw, form)
        spec = await run_in_threadpool(lambda: checked(hall, raw, key.id, strict=strict, seconds=seconds))
        uploads = clip | await recordings(hall, spec, form)
        told = await run_in_threadpool(announced(form).webhook, hall, request)
        return await _submitted(hall, key, spec, uploads, told)


async def _from_json(hall: Hall, key: Caller, strict: bool, request: Request) -> Job:
    raw, told = parsed_body(await request.body())
    spec = await run_in_threadpool(lambda: checked(hall, raw, key.id, strict=strict))
    if needs_audio(spec):
        raise InvalidRequest(f"A {raw.kind} needs a form with the fields `spec` and `audio`.", param="audio")
    return await _submitted(hall, key, spec, {}, await run_in_threadpool(told.webhook, hall, request))


async def _submitted(
    hall: Hall, key: Caller, spec: Wanted, uploads: Mapping[str, BinaryIO], told: Webhook | None
) -> Job:
    return await run_in_threadpool(lambda: accept(hall, key, spec, dialect=NAME, uploads=uploads, webhook=told))


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
    """The key's jobs of every dialect, newest first. Embeddings, which nobody asked for, are there by `kind` alone."""
    found = hall.ledger.page(key_id=key.id, kind=kind or LISTED, state=state, number=page, size=size)
    views = [job_view(hall, request, job) for job in found.jobs]
    return {"jobs": views, "total": found.total, "page": page, "size": size}


@router.get("/jobs/{job_id}")
def read(hall: HallDependency, key: EitherKey, job_id: str, request: Request) -> dict[str, Any]:
    """One job, with its progress, its place in the queue, and its result or error."""
    return job_view(hall, request, hall.ledger.get(job_id, key_id=key.id))


@router.post("/jobs/{job_id}/cancel")
def cancel(hall: HallDependency, key: EitherKey, job_id: str, request: Request) -> dict[str, Any]:
    """Ends a job that is not over. 409 where it is."""
    hall.ledger.get(job_id, key_id=key.id)
    job = hall.ledger.cancel(job_id)
    hall.announcer.publish(job_id, "state", state=job.state)
    return job_view(hall, request, job)


@router.delete("/jobs/{job_id}", status_code=204)
def delete(hall: HallDependency, key: EitherKey, job_id: str) -> None:
    """Forgets the job and deletes its files, at once; a running one is cancelled first."""
    hall.ledger.get(job_id, key_id=key.id)
    forget(hall.ledger, hall.files, job_id)
    hall.announcer.publish(job_id, "state", state="canceled")


EVENT = {
    "type": "object",
    "properties": {
        "event": {"type": "string", "enum": ["progress", "segment", "done"]},
        "data": {"type": "string", "description": "JSON"},
    },
    "required": ["event", "data"],
}
"""JSON Schema of one."""


@router.get(
    "/jobs/{job_id}/events",
    response_class=Response,
    responses={200: {"content": {"text/event-stream": {"schema": EVENT}}}},
)
async def events(
    hall: HallDependency,
    key: EitherKey,
    job_id: str,
    request: Request,
    last_event_id: Annotated[str, Header()] = "",
) -> EventSourceResponse:
    """Server-sent events: while it runs `progress` with the job, and `segment` with the `index` of each part that is
    made; then `done` with the job, and the stream ends. After a broken connection, or an end without `done` (the server
    is restarted), `Last-Event-ID` goes on behind the last event.
    """
    job = await run_in_threadpool(lambda: hall.ledger.get(job_id, key_id=key.id))
    return EventSourceResponse(_events(hall, request, job, last_event_id), shutdown_grace_period=SHUTDOWN_GRACE)


async def _events(hall: Hall, request: Request, job: Job, after: str) -> AsyncIterator[ServerSentEvent]:
    shown = None
    async for event in hall.events.follow(job.id, after):
        if hall.closing.is_set():
            return
        job = await run_in_threadpool(_now, hall, job)
        if event is not None and event.kind == "segment":
            yield ServerSentEvent(json.dumps(event.data), event="segment", id=event.id)
            continue
        if job.done and (event is None or event.kind == "state"):
            break
        view = await run_in_threadpool(job_view, hall, request, job)
        if view != shown:
            yield ServerSentEvent(json.dumps(view), event="progress", id=event.id if event else None)
            shown = view
    yield ServerSentEvent(json.dumps(job_view(hall, request, job)), event="done")


def _now(hall: Hall, job: Job) -> Job:
    """The job as it is now; one that was deleted meanwhile is cancelled."""
    try:
        return hall.ledger.get(job.id)
    except NotFound:
        return replace(job, state="canceled")
