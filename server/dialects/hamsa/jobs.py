"""A job as Hamsa shows it: when it is accepted, and when it is polled."""

import uuid
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from jobs.errors import NotFound
from jobs.ledger import Job
from jobs.specs import CloneSpec, SpeechSpec
from server.callers import AnyFormKey
from server.hall import Hall, HallDependency
from server.results import link

router = APIRouter()

NAME = "hamsa"

STATUS = {
    "queued": "PENDING",
    "running": "PENDING",
    "succeeded": "COMPLETED",
    "failed": "FAILED",
    "canceled": "FAILED",
}
"""Hamsa has no word for a job that runs."""

TITLE = 60
"""Characters of the text that a job is called by."""


@router.get("/v1/jobs")
def read(
    hall: HallDependency,
    key: AnyFormKey,
    request: Request,
    job_id: Annotated[str, Query(alias="jobId", min_length=1, max_length=100)],
) -> dict[str, Any]:
    """One job; its audio is `mediaUrl` and `jobResponse.ttsMediaFile`, links that are made anew each time."""
    return {"previewUrl": None, **answer(hall, request, _found(hall, job_id, key.id))}


def answer(hall: Hall, request: Request, job: Job) -> dict[str, Any]:
    return {"success": True, "message": "success", "data": _shown(hall, request, job)}


def _found(hall: Hall, given: str, key_id: str) -> Job:
    job = hall.ledger.get(given.replace("-", "").lower(), key_id=key_id)
    if job.dialect != NAME:
        raise NotFound("There is no such job.")
    return job


def _shown(hall: Hall, request: Request, job: Job) -> dict[str, Any]:
    """Every field of the documented answers. What Voxhall knows nothing of is null."""
    assert isinstance(job.spec, SpeechSpec | CloneSpec)
    file = (job.result or {}).get("file")
    url = link(hall, request, file) if file else None
    said: dict[str, Any] = {"text": job.spec.text, "ttsMediaFile": url}
    if STATUS[job.state] == "FAILED":
        said["error"] = job.error_message or "The job was cancelled."
    nothing = ("webhookUrl", "processingType", "usageTime", "userId", "fromLng", "toLng", "fromScript", "toScript")
    return dict.fromkeys((*nothing, "relevantJobId", "agentDetails", "billingId", "systemModelKey", "voiceAgentId")) | {
        "id": str(uuid.UUID(job.id)),
        "title": job.spec.text[:TITLE],
        "type": "TTS",
        "model": job.spec.model,
        "status": STATUS[job.state],
        "mediaUrl": url,
        "jobResponse": said,
        "totalCost": 0,
        "apiKeyId": job.key_id,
        "ttsVoiceId": job.spec.voice,
        "createdAt": _time(job.created_at),
        "updatedAt": _time(job.finished_at or job.started_at or job.created_at),
    }


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
