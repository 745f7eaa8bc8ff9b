"""Lists of a key's jobs: `POST /v1/jobs/all` and `GET /v2/jobs`."""

from collections.abc import Iterable
from contextlib import suppress
from math import ceil
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, Field, field_validator

from jobs.errors import NotFound
from jobs.ledger import Job
from jobs.listing import Order, Wanted, listed
from outbound.webhooks.hamsa import STATUS, TYPES, cost, title, voice_of
from server.callers import AnyFormKey
from server.dialects.hamsa.asked_for import asked_for
from server.dialects.hamsa.envelope import dashed, time, v1, v2
from server.dialects.hamsa.jobs import NAME, Project, audio, shown
from server.hall import Hall, HallDependency

router = APIRouter()

Type = Literal["AI_CONTENT", "TRANSCRIPTION", "TTS", "TRANSLATION"]
Status = Literal["PENDING", "COMPLETED", "FAILED"]
SortField = Literal["totalCost", "usageTime", "createdAt", "updatedAt"]

FIELDS: dict[SortField, Order] = {
    "totalCost": "credits",
    "usageTime": "duration",
    "createdAt": "created",
    "updatedAt": "updated",
}
MOST = 1_000_000
"""Of jobs that are skipped."""


class Sort(BaseModel):
    field: SortField = "createdAt"
    direction: Literal["asc", "desc", "ASC", "DESC"] = "desc"


class All(BaseModel):
    sort: Sort = Sort()
    take: int = Field(default=10, ge=1, le=100)
    skip: int = Field(default=1, ge=0, le=MOST, description="the page, counted from 1; 0 is the first, too")
    search: str | None = Field(default=None, max_length=1_000, description="words of the text, or of the address")
    status: Status | None = None
    type: Type | None = None

    @field_validator("status", "type", mode="before")
    @classmethod
    def _any(cls, given: object) -> object:
        return None if given == "" else given


@router.post("/v1/jobs/all")
async def everything(
    hall: HallDependency, key: AnyFormKey, request: Request, body: All, _project: Project = None
) -> dict[str, Any]:
    """`total` jobs there are, `filtered` of them fit."""
    ascending = body.sort.direction.lower() == "asc"
    of_all, wanted = Wanted(key.id, NAME, TYPES), _wanted(key.id, body.type, body.status, body.search)

    def page() -> tuple[list[dict[str, Any]], int, int]:
        _, total = listed(hall.database, of_all, take=1)
        order, skip = FIELDS[body.sort.field], max(0, body.skip - 1) * body.take
        ids, fitting = listed(hall.database, wanted, order=order, ascending=ascending, skip=skip, take=body.take)
        return [_row(hall, request, job) for job in _jobs(hall, ids)], total, fitting

    rows, total, fitting = await run_in_threadpool(page)
    return v1({"jobs": rows, "total": total, "filtered": fitting})


@router.get("/v2/jobs")
async def by_page(
    hall: HallDependency,
    key: AnyFormKey,
    request: Request,
    type: Type,  # noqa: A002 - the API's own name
    page: Annotated[int, Query(ge=1, le=MOST)] = 1,
    per_page: Annotated[int, Query(alias="perPage", ge=1, le=100)] = 10,
    sort_by: Annotated[SortField, Query(alias="sortBy")] = "createdAt",
    order_by: Annotated[Literal["asc", "desc", "ASC", "DESC"], Query(alias="orderBy")] = "desc",
    status: Status | Literal[""] | None = None,
    _project: Project = None,
) -> dict[str, Any]:
    """A page of the key's jobs of one type, each as its poll shows it."""
    wanted = _wanted(key.id, type, status or None)
    ascending, skip = order_by.lower() == "asc", (page - 1) * per_page

    def found() -> tuple[list[Job], int]:
        ids, total = listed(hall.database, wanted, order=FIELDS[sort_by], ascending=ascending, skip=skip, take=per_page)
        return list(_jobs(hall, ids)), total

    jobs, total = await run_in_threadpool(found)
    shown_jobs = [await shown(hall, request, job) for job in jobs]
    return v2({"jobs": shown_jobs, "page": page, "totalCount": total, "totalPages": ceil(total / per_page)})


def _wanted(key_id: str, of_type: Type | None, status: Status | None, search: str | None = None) -> Wanted:
    kinds = [kind for kind, shown_as in TYPES.items() if of_type in (None, shown_as)]
    states = None if status is None else [state for state, word in STATUS.items() if word == status]
    return Wanted(key_id, NAME, kinds, states, search)


def _jobs(hall: Hall, ids: Iterable[str]) -> Iterable[Job]:
    for job_id in ids:
        with suppress(NotFound):  # deleted since
            yield hall.ledger.get(job_id)


def _row(hall: Hall, request: Request, job: Job) -> dict[str, Any]:
    url, heard = audio(hall, request, job), TYPES[job.kind] == "TRANSCRIPTION"
    asked = asked_for(hall, job) if heard else None
    return {
        "id": dashed(job.id),
        "title": (asked.title if asked else None) or title(job),
        "type": TYPES[job.kind],
        "url": url,
        "status": STATUS[job.state],
        "cost": cost(job, hall.settings.credit_price),
        "systemModelKey": None,
        "relevantJobId": None,
        "attributes": {
            "apiKey": job.key_id,
            "mediaUrl": job.spec.model_dump().get("source_url") or url,
            "model": (asked.model if asked else None) or job.spec.model_dump().get("model"),
            "agentName": None,
            "duration": (job.result or {}).get("duration"),
            "voice": voice_of(job),
            "aiContentParts": None,
            "sourceJob": None,
        },
        "apiKey": job.key_id,
        "createdBy": None,
        "createdAt": time(job.created_at),
        "updatedAt": time(job.finished_at or job.started_at or job.created_at),
    }
