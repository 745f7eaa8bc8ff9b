"""A job as deAPI's clients poll it, by either version's path."""

import uuid
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Request

from jobs.errors import NotFound
from jobs.ledger import Job
from server.callers import BearerKey
from server.hall import Hall, HallDependency
from server.results import link

router = APIRouter()

NAME = "deapi"

STATUS = {"queued": "pending", "running": "processing", "succeeded": "done", "failed": "error", "canceled": "error"}

REASONS = {
    "bad_reference": "SOURCE_UNPROCESSABLE",
    "unreadable_audio": "SOURCE_UNPROCESSABLE",
    "unavailable": "CAPACITY_UNAVAILABLE",
}
"""deAPI's `error_reason` for our codes of jobs that failed; else it is PROCESSING_FAILED."""

NO_SUCH = "No query results for the requested resource."


def accepted(job: Job) -> dict[str, Any]:
    return {"data": {"request_id": str(uuid.UUID(job.id))}}


@router.get("/api/v1/client/request-status/{request_id}")
def read(hall: HallDependency, key: BearerKey, request_id: str, request: Request) -> dict[str, Any]:
    """What became of a request of either version; `result_url` is made anew each time."""
    return {"data": _state(hall, request, _found(hall, request_id, key.id))}


@router.get("/api/v2/jobs/{job_request}")
def read_v2(hall: HallDependency, key: BearerKey, job_request: str, request: Request) -> dict[str, Any]:
    """The same, and for a job that failed also why."""
    job = _found(hall, job_request, key.id)
    return {"data": _state(hall, request, job) | (_failure(job) if STATUS[job.state] == "error" else {})}


def _found(hall: Hall, request_id: str, key_id: str) -> Job:
    try:
        job = hall.ledger.get(request_id.replace("-", "").lower(), key_id=key_id)
    except NotFound as error:
        raise NotFound(NO_SUCH) from error
    if job.dialect != NAME:
        raise NotFound(NO_SUCH)
    return job


def _state(hall: Hall, request: Request, job: Job) -> dict[str, Any]:
    file = (job.result or {}).get("file")
    return {
        "status": STATUS[job.state],
        "preview": None,
        "result_url": link(hall, request, file) if file else None,
        "results_alt_formats": None,
        "result": None,
        "progress": 100.0 if job.state == "succeeded" else round(100 * job.progress, 2),
    }


def _failure(job: Job) -> dict[str, Any]:
    code = job.error_code or job.state
    ended = datetime.fromtimestamp(job.finished_at, UTC).isoformat() if job.finished_at else None
    return {
        "error_code": "PROCESSING_ERROR" if REASONS.get(code) == "SOURCE_UNPROCESSABLE" else "WORKER_ERROR",
        "error_message": job.error_message or "The job was cancelled.",
        "error_reason": REASONS.get(code, "PROCESSING_FAILED"),
        "retryable": code == "unavailable",
        "refunded": False,  # nothing was charged
        "failed_at": ended,
    }
