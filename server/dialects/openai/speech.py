"""`POST /audio/speech`: text in, audio out, on one connection."""

from typing import Annotated, Literal

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from audio.formats import format_named
from jobs.ledger import Job
from jobs.specs import SpeechSpec
from jobs.submit import submit
from server.asked import asked
from server.callers import BearerKey
from server.dialects.openai.names import speech_model, voice
from server.hall import HallDependency
from server.results import file_response
from server.speech import checked_speech
from server.streaming import AudioStream, first_segment
from server.waiting import result_of

router = APIRouter()

LONGEST = 4096


class VoiceId(BaseModel):
    id: str


class SpeechRequest(BaseModel):
    model_config = ConfigDict(extra="ignore")

    model: str
    input: str
    voice: str | VoiceId
    response_format: Literal["mp3", "opus", "aac", "flac", "wav", "pcm", "ogg", "m4a"] = "mp3"
    speed: Annotated[float, Field(ge=0.25, le=4.0)] = 1.0
    stream_format: Literal["audio"] | None = None
    """`audio` asks for a stream also where a whole file is the better default (WAV: its header then has no sizes)."""


@router.post("/v1/audio/speech", response_class=Response)
async def speak(hall: HallDependency, key: BearerKey, body: SpeechRequest, request: Request) -> Response:
    """Audio bytes. Formats that can be streamed are sent segment by segment as they are rendered."""
    name = body.voice if isinstance(body.voice, str) else body.voice.id
    with asked():
        spec = SpeechSpec(
            text=body.input,
            voice=voice(name),
            model=speech_model(body.model),
            speed=body.speed,
            format=body.response_format,
        )
    spec = await run_in_threadpool(checked_speech, hall, spec, longest=LONGEST)
    job = await run_in_threadpool(
        lambda: submit(hall.ledger, hall.files, spec, key_id=key.id, dialect="openai", interactive=True)
    )
    streamed = body.stream_format == "audio" or body.response_format != "wav"
    audio_format = format_named(body.response_format)
    if streamed and audio_format.streamable:
        # The status is sent with the first segment: an error before it is still an error.
        await first_segment(hall, job, request)
        return AudioStream(hall, job, audio_format, request, _headers(job))
    job = await result_of(hall, job, request)
    result = job.result or {}
    return file_response(hall, result["file"], result["media_type"], _headers(job))


def _headers(job: Job) -> dict[str, str]:
    return {"x-voxhall-job": job.id}
