"""`/v1/jobs/text-to-speech`: a text in a saved voice, in one of Hamsa's speakers', or in a stock one."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import Field
from starlette.responses import Response

from jobs.ledger import Job
from server.accepting import accept
from server.callers import AnyFormKey, Caller
from server.cloning import engine_headers
from server.dialects.hamsa.envelope import v1
from server.dialects.hamsa.jobs import NAME, shown
from server.dialects.hamsa.speakers import Wish, spec_of
from server.dialects.hamsa.webhooks import Announced, webhook
from server.hall import Hall, HallDependency
from server.strict import StrictModels

router = APIRouter()


class TextToSpeech(Announced):
    voice_id: str = Field(
        alias="voiceId", min_length=1, description="a saved voice, a speaker such as `Amjad`, or a stock voice"
    )
    text: str


@router.post("/v1/jobs/text-to-speech")
async def create(
    hall: HallDependency,
    key: AnyFormKey,
    strict: StrictModels,
    body: TextToSpeech,
    request: Request,
    response: Response,
) -> dict[str, Any]:
    """Accepts a text; poll `GET /v1/jobs?jobId=` until it is `COMPLETED`. The audio is a WAV."""
    job = await run_in_threadpool(_accepted, hall, key, strict, body, request)
    response.headers.update(engine_headers(job))
    return v1(await shown(hall, request, job))


def _accepted(hall: Hall, key: Caller, strict: bool, body: TextToSpeech, request: Request) -> Job:
    spec = spec_of(hall, Wish(body.text, body.voice_id), key.id, strict=strict)
    return accept(hall, key, spec, dialect=NAME, webhook=webhook(hall, request, body))
