"""A job as TTS.ai's clients read it, from its acceptance to its audio or its text."""

from typing import Any

from fastapi import Request

from jobs.errors import Expired, NotFound
from jobs.keys import Key
from jobs.ledger import Job
from jobs.specs import TranscriptionSpec
from server.cloning import engine_headers
from server.dialects.ttsai.ids import dashed, plain
from server.dialects.ttsai.transcripts import heard
from server.hall import Hall
from server.results import link, stored_transcript

NAME = "ttsai"

STATUS = {
    "queued": "queued",
    "running": "processing",
    "succeeded": "completed",
    "failed": "failed",
    "canceled": "failed",
}

UNLIMITED = 999_999_999
"""`credits_remaining` of a key without a limit: a number, for callers compare it with others. It fits 32 bits."""


def queued(hall: Hall, request: Request, key: Key, job: Job, **more: Any) -> dict[str, Any]:
    """The answer to a job that was just accepted; where the request is a repeated one, it may have ended already."""
    empty = {"share_uuid": "", "url": "", "cdn_url": ""}
    return empty | state(hall, request, job) | {"credits_remaining": remaining(hall, key)} | more


def remaining(hall: Hall, key: Key) -> int:
    """Characters that the key has left now."""
    left = hall.keys.get(key.id).credits_remaining
    return UNLIMITED if left is None else left


def headers(job: Job) -> dict[str, str]:
    """What every answer about a job says beside its body."""
    return {"X-Voxhall-Job": job.id, "X-Credits-Used": str(job.credits), **engine_headers(job)}


def found(hall: Hall, given: str, key_id: str | None) -> Job:
    """The job of this dialect, by `uuid` or `job_id`; of this key, where there is one. Raises `NotFound`."""
    job = hall.ledger.get(plain(given), key_id=key_id)
    if job.dialect != NAME:
        raise NotFound("There is no such job.")
    return job


def state(hall: Hall, request: Request, job: Job) -> dict[str, Any]:
    """What a poll answers. Each client looks for the audio under another name; the link is made anew each time.

    Raises:
        NotFound: the transcript was deleted.
    """
    body: dict[str, Any] = {"uuid": job.id, "job_id": dashed(job.id), "status": STATUS[job.state]}
    body["credits_used"] = job.credits
    result = job.result or {}
    if file := result.get("file"):
        url = link(hall, request, file)
        body |= {"result_url": url, "url": url, "cdn_url": url, "duration": result.get("duration")}
        body |= {"warnings": warnings} if (warnings := result.get("warnings")) else {}
        if isinstance(job.spec, TranscriptionSpec):
            body |= heard(stored_transcript(hall, job))
    if job.expired_at is not None:
        body["message"] = Expired().message
    if body["status"] == "failed":
        # A text, not an object: the Rust client takes nothing else here.
        code, said = job.why
        body |= {"error": said, "message": said, "code": code}
    return body
