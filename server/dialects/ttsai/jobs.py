"""A job as TTS.ai's clients read it, from its acceptance to its audio."""

from typing import Any

from fastapi import Request

from jobs.errors import NotFound
from jobs.ledger import Job
from server.dialects.ttsai.ids import dashed, plain
from server.hall import Hall
from server.results import link

NAME = "ttsai"

STATUS = {
    "queued": "queued",
    "running": "processing",
    "succeeded": "completed",
    "failed": "failed",
    "canceled": "failed",
}


def queued(job: Job, **more: Any) -> dict[str, Any]:
    """The answer to a job that was just accepted. Nothing is charged here, and so nothing runs out."""
    return {
        "uuid": job.id,
        "job_id": dashed(job.id),
        "status": STATUS[job.state],
        "credits_used": 0,
        "credits_remaining": None,
        **more,
    }


def found(hall: Hall, given: str, key_id: str | None) -> Job:
    """The job of this dialect, by `uuid` or `job_id`; of this key, where there is one. Raises `NotFound`."""
    job = hall.ledger.get(plain(given), key_id=key_id)
    if job.dialect != NAME:
        raise NotFound("There is no such job.")
    return job


def state(hall: Hall, request: Request, job: Job) -> dict[str, Any]:
    """What a poll answers. Each client looks for the audio under another name; the link is made anew each time."""
    body: dict[str, Any] = {"uuid": job.id, "job_id": dashed(job.id), "status": STATUS[job.state]}
    result = job.result or {}
    if file := result.get("file"):
        url = link(hall, request, file)
        body |= {"result_url": url, "url": url, "cdn_url": url, "duration": result.get("duration")}
        body |= {"warnings": warnings} if (warnings := result.get("warnings")) else {}
    if body["status"] == "failed":
        # A text, not an object: the Rust client takes nothing else here.
        said = job.error_message or "The job was cancelled."
        body |= {"error": said, "message": said, "code": job.error_code or job.state}
    return body
