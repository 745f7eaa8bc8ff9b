"""A job as deAPI's clients poll it, by either version's path."""

import uuid
from typing import Any

from fastapi import APIRouter, Request

from jobs.errors import NotFound
from jobs.ledger import Job
from jobs.specs import TranscriptionSpec
from outbound.webhooks.deapi import failure
from server.callers import BearerKey
from server.dialects.deapi.metadata import metadata_of
from server.dialects.deapi.money import dollars
from server.dialects.deapi.names import NAME
from server.dialects.deapi.transcripts import rendering_of, transcript_link, transcript_of
from server.hall import Hall, HallDependency
from server.results import link

router = APIRouter()

STATUS = {"queued": "pending", "running": "processing", "succeeded": "done", "failed": "error", "canceled": "error"}

NO_SUCH = "No query results for the requested resource."


def accepted(job: Job) -> dict[str, Any]:
    return {"data": {"request_id": str(uuid.UUID(job.id))}}


@router.get("/api/v1/client/request-status/{request_id}")
def read(hall: HallDependency, key: BearerKey, request_id: str, request: Request) -> dict[str, Any]:
    """What became of a request of either version; `result_url` is made anew each time."""
    return {"data": _state(hall, request, _found(hall, request_id, key.id))}


@router.get("/api/v2/jobs/{job_request}")
def read_v2(hall: HallDependency, key: BearerKey, job_request: str, request: Request) -> dict[str, Any]:
    """The same, with its price, what a transcript holds, and for a job that failed also why."""
    job = _found(hall, job_request, key.id)
    return {"data": _state(hall, request, job) | _more(hall, job)}


def _found(hall: Hall, request_id: str, key_id: str) -> Job:
    try:
        job = hall.ledger.get(request_id.replace("-", "").lower(), key_id=key_id)
    except NotFound as error:
        raise NotFound(NO_SUCH) from error
    if job.dialect != NAME:
        raise NotFound(NO_SUCH)
    return job


def _state(hall: Hall, request: Request, job: Job) -> dict[str, Any]:
    return {
        "status": STATUS[job.state],
        "preview": None,
        "result_url": _result_url(hall, request, job),
        "results_alt_formats": None,
        "result": transcript_of(hall, job) if _is_inline(job) and not job.expired_at else None,
        "progress": 100.0 if job.state == "succeeded" else round(100 * job.progress, 2),
    }


def _result_url(hall: Hall, request: Request, job: Job) -> str | None:
    if not (job.result or {}).get("file"):
        return None
    if isinstance(job.spec, TranscriptionSpec):
        return transcript_link(hall, request, job)
    return link(hall, request, job.file)


def _is_inline(job: Job) -> bool:
    return job.state == "succeeded" and isinstance(job.spec, TranscriptionSpec) and rendering_of(job.spec).inline


def _more(hall: Hall, job: Job) -> dict[str, Any]:
    more: dict[str, Any] = {
        "price": {"amount": dollars(hall, job.credits), "is_estimated": not job.done},
        "prompt_boosted": False,
        "prompt_boost": None,
    }
    if isinstance(job.spec, TranscriptionSpec):
        more |= _heard(job, job.spec)
    if STATUS[job.state] == "error":
        more |= failure(job, refunded=hall.settings.credit_price > 0)
    return more


def _heard(job: Job, spec: TranscriptionSpec) -> dict[str, Any]:
    asked = rendering_of(spec)
    heard: dict[str, Any] = {"metadata": metadata_of(job, spec)} if asked.metadata else {}
    if job.state == "succeeded":
        heard["transcription"] = {
            "language": (job.result or {})["language"],
            "ts_level": asked.times,
            "diarization_available": spec.diarize,
            "structured": asked.structured,
        }
    return heard
