"""What TwinTune's endpoints have in common: an Inference Job, and a page of anything."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import Query, Request

from jobs.errors import NotFound
from jobs.keys import Key
from jobs.ledger import Job
from jobs.specs import CloneSpec, ConversionSpec, SpeechSpec
from server.hall import Hall
from server.results import base_url, link

NAME = "twintune"
Kind = Literal["speech", "clone", "conversion"]
PageNumber = Annotated[int, Query(ge=1, le=1_000_000)]
PageSize = Annotated[int, Query(alias="perPage", ge=1, le=100)]

LINK_SECONDS = 5 * 3600
"""Documented: the URL expires after five hours."""

STATUS = {"queued": "RUNNING", "running": "RUNNING", "succeeded": "SUCCESS", "failed": "FAILED", "canceled": "FAILED"}
TYPES = {"speech": "TTS", "clone": "TTS", "conversion": "VC"}


def inference(hall: Hall, request: Request, job: Job) -> dict[str, Any]:
    """The Inference Job object. Its link is made anew each time."""
    url = link(hall, request, job.file, seconds=LINK_SECONDS) if job.result and not job.expired_at else None
    return {
        "inferenceId": job.id,
        "modelId": _model_id(job),
        "status": STATUS[job.state],
        "type": TYPES[job.kind],
        "inferenceUrl": url,
        "jobStartTime": time(job.started_at or job.created_at),
        "jobEndTime": time(job.finished_at),
    }


def _model_id(job: Job) -> str | None:
    """As the caller gave it."""
    match job.spec:
        case SpeechSpec():
            return job.spec.asked_voice or job.spec.voice
        case CloneSpec() | ConversionSpec():
            return job.spec.asked_voice
    return None


def one(hall: Hall, key: Key, inference_id: str, kinds: tuple[Kind, ...]) -> Job:
    """The key's inference of one of these kinds. Raises `NotFound`."""
    job = hall.ledger.get(inference_id, key_id=key.id)
    if job.dialect != NAME or job.kind not in kinds:
        raise NotFound("There is no such inference.")
    return job


def listing(
    hall: Hall, request: Request, key: Key, kinds: tuple[Kind, ...], *, page: int, per_page: int
) -> dict[str, Any]:
    """A page of the key's inferences of these kinds, newest first."""
    found = hall.ledger.page(key_id=key.id, kind=kinds, dialect=NAME, number=page, size=per_page)
    data = [inference(hall, request, job) for job in found.jobs]
    return paginated(hall, request, data, total=found.total, page=page, per_page=per_page)


def paginated(
    hall: Hall, request: Request, data: list[dict[str, Any]], *, total: int, page: int, per_page: int
) -> dict[str, Any]:
    """A page with its Meta object. `total` counts the items of all pages; URLs are of the request's own path."""
    path = f"{base_url(hall, request)}{request.url.path}"
    last = max(1, -(-total // per_page))

    def url(number: int) -> str | None:
        return f"{path}?page={number}&perPage={per_page}" if 1 <= number <= last else None

    meta = {
        "total": total,
        "perPage": per_page,
        "currentPage": page,
        "lastPage": last,
        "firstPage": 1,
        "firstPageUrl": url(1),
        "lastPageUrl": url(last),
        "nextPageUrl": url(page + 1),
        "previousPageUrl": url(min(page - 1, last)),
    }
    return {"meta": meta, "data": data}


def time(seconds: float | None) -> str | None:
    """`2024-01-01 20:15:50.428000 +00:00`"""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S.%f +00:00")
