"""A job as Voxhall's own API shows it."""

from datetime import UTC, datetime
from typing import Any

from fastapi import Request

from jobs.ledger import Job
from jobs.specs import AnySpec, ChangeSpec, CloneSpec, SpeechSpec, TranscriptionSpec
from server.hall import Hall
from server.results import link


def job_view(hall: Hall, request: Request, job: Job) -> dict[str, Any]:
    """Its links are made anew each time; there are none where its files have expired."""
    return {
        "id": job.id,
        "kind": job.kind,
        "state": job.state,
        **_models(job.spec),
        "progress": round(job.progress, 4),
        "position": hall.ledger.position(job.id) if job.state == "queued" else None,
        "result": _result(hall, request, job.result) if job.result else None,
        "error": {"code": job.error_code, "message": job.error_message} if job.error_code else None,
        "created_at": _time(job.created_at),
        "started_at": _time(job.started_at),
        "finished_at": _time(job.finished_at),
        "expired_at": _time(job.expired_at),
    }


def _models(spec: AnySpec) -> dict[str, Any]:
    """The model that does the work, and the one that was asked for."""
    match spec:
        case CloneSpec() | ChangeSpec():
            return {"model": spec.model, "asked_model": spec.asked_model}
        case SpeechSpec() | TranscriptionSpec():
            return {"model": spec.model, "asked_model": spec.model}
        case _:
            return {"model": None, "asked_model": None}


def _result(hall: Hall, request: Request, found: dict[str, Any]) -> dict[str, Any]:
    result = {name: value for name, value in found.items() if name != "file"}
    if file := found.get("file"):
        result["url"] = link(hall, request, file)
    if captions := result.get("captions"):
        result["captions"] = {form: link(hall, request, key) for form, key in captions.items()}
    return result


def _time(seconds: float | None) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat()
