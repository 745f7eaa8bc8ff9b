"""`/v1/realtime/tts`, `/tts-stream` and `/stt`: speech and transcripts on one connection."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, Field
from starlette.responses import Response

from jobs.ledger import Job
from server.accepting import accept
from server.callers import AnyFormKey, Caller
from server.cloning import engine_headers
from server.dialects.hamsa import wire
from server.dialects.hamsa.jobs import NAME
from server.dialects.hamsa.recordings import Recording, heard, parsed
from server.dialects.hamsa.speakers import Wish, spec_of
from server.forms import openapi_of
from server.hall import Hall, HallDependency
from server.results import file_response
from server.streaming import AudioStream, first_segment
from server.strict import StrictModels
from server.waiting import result_of

router = APIRouter()

STT = "/v1/realtime/stt"
WAV = "audio/wav"


class Speech(BaseModel):
    text: str
    speaker: str = Field(min_length=1, description="a speaker such as `Amjad`, or a saved voice, or a stock voice")
    dialect: str | None = Field(default=None, max_length=40, description="such as `pls`; there is one Arabic here")
    mulaw: bool = Field(default=False, description="8 kHz μ-law")


@router.post("/v1/realtime/tts", response_class=Response)
async def speak(
    hall: HallDependency, key: AnyFormKey, strict: StrictModels, request: Request, body: Speech
) -> Response:
    """A WAV of 16 kHz, or of 8 kHz μ-law."""
    job = await run_in_threadpool(_accepted, hall, key, strict, body)
    job = await result_of(hall, job, request)
    headers = engine_headers(job)
    if body.mulaw:
        return Response(await wire.mulaw_file(hall, job), media_type=WAV, headers=headers)
    return file_response(hall, job.file, WAV, headers)


@router.post("/v1/realtime/tts-stream", response_class=Response)
async def stream(
    hall: HallDependency, key: AnyFormKey, strict: StrictModels, request: Request, body: Speech
) -> Response:
    """Raw samples without a header, as they are rendered: 16 bits at 16 kHz, or 8 kHz μ-law."""
    job = await run_in_threadpool(_accepted, hall, key, strict, body)
    # The status is sent with the first segment: an error before it is still an error.
    await first_segment(hall, job, request)
    return AudioStream(hall, job, wire.streamed(mulaw=body.mulaw), request, engine_headers(job))


@router.post(STT, openapi_extra=openapi_of(Recording, ("application/json",)))
async def listen(hall: HallDependency, key: AnyFormKey, request: Request) -> dict[str, Any]:
    """What is said in the recording. `text` is documented, and `data.text` is what the official plugin reads."""
    # Not a parameter: that is parsed before anything here could look at its size.
    body = await run_in_threadpool(parsed, await request.body())
    text = await heard(hall, key, request, body)
    return {"success": True, "message": "success", "text": text, "data": {"text": text}}


def _accepted(hall: Hall, key: Caller, strict: bool, body: Speech) -> Job:
    wish = Wish(body.text, body.speaker, dialect=body.dialect, sample_rate=wire.RATE)
    return accept(hall, key, spec_of(hall, wish, key.id, strict=strict), dialect=NAME, interactive=True)
