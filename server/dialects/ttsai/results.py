"""`/v1/speech/results/` and `/static/downloads/`: what became of a job, and its audio."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from jobs.errors import NotFound
from server.callers import BearerKey, PollingKey
from server.dialects.ttsai.jobs import found, headers, remaining, state
from server.hall import HallDependency
from server.results import file_response

router = APIRouter()

downloads = APIRouter()
"""Below neither base."""

JobId = Annotated[str, Query(min_length=32, max_length=36, description="the `uuid` of a job, or its `job_id`")]


@router.get("/speech/results/")
@router.get("/transcribe/results/")
def read(hall: HallDependency, key: PollingKey, uuid: JobId, request: Request, response: Response) -> dict[str, Any]:
    """What became of a job; once it is `completed`, with links that need no key, and with the text that was heard.

    Nor does this, unless `VOXHALL_KEYLESS_POLLING` is false: TTS.ai's own examples poll without one, and the `uuid` is
    as hard to guess as a key. With a key, only that key's jobs are there.
    """
    job = found(hall, uuid, key.id if key else None)
    body = state(hall, request, job)
    response.headers.update(headers(job))
    # What a key has left is told to nobody else.
    return body | ({"credits_remaining": remaining(hall, key)} if key else {})


@downloads.head("/static/downloads/{uuid}/{name}", include_in_schema=False)
@downloads.get("/static/downloads/{uuid}/{name}", response_class=Response)
def download(hall: HallDependency, key: BearerKey, uuid: str, name: str) -> Response:  # noqa: ARG001 - clients guess it
    """The file of a completed job, whatever `name` is; 404 before that. Answers Range requests."""
    job = found(hall, uuid, key.id)
    if not job.expired_at and "file" not in (job.result or {}):
        raise NotFound("There is no result yet.")
    return file_response(hall, job.file, (job.result or {})["media_type"], headers(job))
