"""TwinTune: `/v1/inferences-tts`, polled until `inferenceUrl` is there; errors in the words of pydantic v1."""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.responses import JSONResponse, Response

from jobs.errors import InvalidRequest, NotFound, TextTooLong, VoxhallError
from jobs.ledger import Job
from jobs.specs import SpeechSpec
from jobs.submit import submit
from server.asked import asked
from server.callers import HeaderKey
from server.dialects.base import Dialect
from server.hall import Hall, HallDependency
from server.results import base_url, link
from server.speech import checked_speech

router = APIRouter(tags=["TwinTune"])

NAME = "twintune"
LONGEST = 1000
LINK_SECONDS = 5 * 3600
"""Documented: the URL expires after five hours."""

STATUS = {"queued": "RUNNING", "running": "RUNNING", "succeeded": "SUCCESS", "failed": "FAILED", "canceled": "FAILED"}
LONGER = {
    "msg": f"ensure this value has at most {LONGEST} characters",
    "type": "value_error.any_str.max_length",
    "ctx": {"limit_value": LONGEST},
}
FIELDS = {"text": "tts_text", "voice": "tts_voice"}


class Inference(BaseModel):
    tts_text: str
    tts_voice: str


@router.post("/v1/inferences-tts")
def create(hall: HallDependency, key: HeaderKey, body: Inference, request: Request) -> dict[str, Any]:
    """Accepts a text of up to 1,000 characters; poll the inference until `inferenceUrl` is there."""
    with asked():
        spec = SpeechSpec(text=body.tts_text, voice=body.tts_voice)
    spec = checked_speech(hall, spec, longest=LONGEST)
    job = submit(hall.ledger, hall.files, spec, key_id=key.id, dialect=NAME)
    return _inference(hall, request, job)


@router.get("/v1/inferences-tts/{inference_id}")
def read(hall: HallDependency, key: HeaderKey, inference_id: str, request: Request) -> dict[str, Any]:
    """One inference; `inferenceUrl` works for five hours from now."""
    job = hall.ledger.get(inference_id, key_id=key.id)
    if job.dialect != NAME or job.kind != "speech":
        raise NotFound("There is no such inference.")
    return _inference(hall, request, job)


@router.get("/v1/inferences-tts")
async def listing(
    hall: HallDependency,
    key: HeaderKey,
    request: Request,
    page: Annotated[int, Query(ge=1, le=1_000_000)] = 1,
    per_page: Annotated[int, Query(alias="perPage", ge=1, le=100)] = 10,
) -> dict[str, Any]:
    """Newest first."""
    found = await run_in_threadpool(
        lambda: hall.ledger.page(key_id=key.id, kind="speech", dialect=NAME, number=page, size=per_page)
    )
    path = f"{base_url(hall, request)}/v1/inferences-tts"
    meta = _meta(path, total=found.total, page=page, per_page=per_page)
    return {"meta": meta, "data": [_inference(hall, request, job) for job in found.jobs]}


def _meta(path: str, *, total: int, page: int, per_page: int) -> dict[str, Any]:
    last = max(1, -(-total // per_page))

    def url(number: int) -> str | None:
        return f"{path}?page={number}&perPage={per_page}" if 1 <= number <= last else None

    return {
        "total": total,
        "perPage": per_page,
        "currentPage": page,
        "lastPage": last,
        "firstPage": 1,
        "firstPageUrl": url(1),
        "lastPageUrl": url(last),
        "nextPageUrl": url(page + 1),
        "previousPageUrl": url(page - 1),
    }


def _inference(hall: Hall, request: Request, job: Job) -> dict[str, Any]:
    url = link(hall, request, job.result["file"], seconds=LINK_SECONDS) if job.result else None
    return {
        "inferenceId": job.id,
        "modelId": job.spec.voice if isinstance(job.spec, SpeechSpec) else None,
        "status": STATUS[job.state],
        "type": "TTS",
        "inferenceUrl": url,
        "jobStartTime": _time(job.started_at or job.created_at),
        "jobEndTime": _time(job.finished_at),
    }


def _time(seconds: float | None) -> str | None:
    """`2024-01-01 20:15:50.428000 +00:00`"""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S.%f +00:00")


def error(error: VoxhallError, status: int) -> Response:
    if isinstance(error, InvalidRequest) and status == 400:
        problem: dict[str, Any] = {"loc": ["body", FIELDS.get(error.param or "", error.param or "")]}
        problem |= LONGER if isinstance(error, TextTooLong) else {"msg": error.message, "type": "value_error"}
        return JSONResponse({"detail": [problem]}, status_code=422)
    fixed = {401: (403, "Forbidden"), 404: (404, "Not Found"), 413: (413, "Payload Too Large")}
    status, message = fixed.get(status, (status, error.message))
    return JSONResponse({"message": message}, status_code=status)


def invalid(error: RequestValidationError) -> Response:
    return JSONResponse({"detail": [_problem(problem) for problem in error.errors()]}, status_code=422)


def _problem(problem: dict[str, Any]) -> dict[str, Any]:
    """Pydantic v1's words for the faults that clients know by name."""
    words = {
        "missing": ("field required", "value_error.missing"),
        "string_type": ("str type expected", "type_error.str"),
        "json_invalid": (problem["msg"], "value_error.jsondecode"),
    }
    message, kind = words.get(problem["type"], (problem["msg"], "value_error"))
    return {"loc": list(problem["loc"]), "msg": message, "type": kind}


dialect = Dialect(NAME, router, prefixes=("/v1/inferences-",), error=error, invalid=invalid)
