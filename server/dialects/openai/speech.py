"""`POST /audio/speech`: text in, audio out, on one connection."""

import base64
import math
from collections.abc import AsyncIterator
from typing import Annotated, Literal

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from audio.formats import Format, format_named
from jobs.ledger import Job
from jobs.specs import CloneSpec, SpeechSpec
from server.accepting import accept
from server.answering import is_cloning
from server.asked import asked
from server.callers import BearerKey
from server.cloning import checked_clone, engine_headers, find_saved, spoken
from server.dialects.openai.errors import Unsupported
from server.dialects.openai.events import Event, EventStream
from server.dialects.openai.headers import headers
from server.dialects.openai.ids import plain_voice
from server.dialects.openai.names import VOICES, speech_model
from server.event_stream import PIECE
from server.given import Given
from server.hall import Hall, HallDependency
from server.picking import FREE, picked
from server.results import file_response
from server.streaming import AudioStream, first_segment, stream
from server.strict import StrictModels
from server.voices import voice_for
from server.waiting import result_of

router = APIRouter()

LONGEST = 4096
TOKENS_PER_SECOND = 40
"""Kokoro plans speech in steps of 25 ms."""


class VoiceId(BaseModel):
    id: str


class SpeechRequest(Given):
    model_config = ConfigDict(extra="ignore")

    model: str
    input: str
    voice: str | VoiceId
    instructions: Annotated[str, Field(max_length=4096)] | None = None
    response_format: Literal["mp3", "opus", "aac", "flac", "wav", "pcm", "ogg", "m4a"] = "mp3"
    speed: Annotated[float, Field(ge=0.25, le=4.0)] = 1.0
    stream_format: Literal["audio", "sse"] | None = None
    """`audio` asks for a stream also where a whole file is the better default (WAV: its header then has no sizes)."""


@router.post("/v1/audio/speech", response_class=Response)
async def speak(
    hall: HallDependency, key: BearerKey, strict: StrictModels, body: SpeechRequest, request: Request
) -> Response:
    """Audio bytes, or events with them. What can be streamed is sent segment by segment as it is rendered.

    `voice` may be a saved one, by id or name. `x-voxhall-model` names the model that speaks.
    """
    audio_format = format_named(body.response_format)
    if body.stream_format == "sse" and not audio_format.streamable:
        raise Unsupported(f"{audio_format.name} cannot be streamed.", param="response_format")
    spec = await run_in_threadpool(_checked, hall, body, key.id, strict)
    job = await run_in_threadpool(lambda: accept(hall, key, spec, dialect="openai", interactive=True))
    said = headers(job, _ignored(body, spec)) | engine_headers(job)
    if audio_format.streamable and (body.stream_format or body.response_format != "wav"):
        # The status is sent with the first segment: an error before it is still an error.
        await first_segment(hall, job, request)
        if body.stream_format == "sse":
            return EventStream(hall, job, _events(hall, job, audio_format, request), said)
        return AudioStream(hall, job, audio_format, request, said)
    job = await result_of(hall, job, request)
    result = job.result or {}
    return file_response(hall, job.file, result["media_type"], said)


def _checked(hall: Hall, body: SpeechRequest, key_id: str, strict: bool) -> SpeechSpec | CloneSpec:
    name = plain_voice(body.voice if isinstance(body.voice, str) else body.voice.id)
    if body.model in FREE:
        # TTS.ai's Python client speaks here, too.
        known = name if find_saved(hall, name, key_id) else VOICES.get(name, name)
        model, name = picked(hall, body.model, known, text=body.input, language=None, strict=strict)
        body = body.model_copy(update={"model": model})
    if is_cloning(hall, body.model):
        return _cloned(hall, body, name, key_id, strict)
    stock = None if find_saved(hall, name, key_id) else VOICES.get(name)
    with asked():
        spec = SpeechSpec(
            text=body.input,
            voice=stock or name,
            model=speech_model(body.model),
            speed=body.speed,
            format=body.response_format,
        )
    if stock and len(spec.text) <= LONGEST:
        # OpenAI's voices speak every language.
        spec = spec.model_copy(update={"voice": voice_for(hall, spec.voice, spec.text)})
    return spoken(hall, spec, key_id, strict=strict, longest=LONGEST)


def _cloned(hall: Hall, body: SpeechRequest, voice: str, key_id: str, strict: bool) -> CloneSpec:
    with asked():
        spec = CloneSpec(
            text=body.input,
            voice=voice,
            model=body.model,
            instruct=body.instructions or None,
            speed=body.speed,
            format=body.response_format,
        )
    return checked_clone(hall, spec, key_id, strict=strict, longest=LONGEST)


def _ignored(body: SpeechRequest, spec: SpeechSpec | CloneSpec) -> list[str]:
    # A model follows them with its own voices; a cloned voice speaks as its clip does.
    followed = isinstance(spec, CloneSpec) and spec.source == "stock"
    return [f"{spec.model} takes no `instructions`; they were ignored."] if body.instructions and not followed else []


async def _events(hall: Hall, job: Job, audio_format: Format, request: Request) -> AsyncIterator[Event]:
    """`speech.audio.delta` for each piece of the encoded stream, and `speech.audio.done`."""
    async for encoded in stream(hall, job, audio_format, request):
        for start in range(0, len(encoded), PIECE):
            piece = base64.b64encode(encoded[start : start + PIECE]).decode()
            yield {"type": "speech.audio.delta", "audio": piece}
    job = await run_in_threadpool(hall.ledger.get, job.id)
    yield {"type": "speech.audio.done", "usage": _usage(job)}


def _usage(job: Job) -> dict[str, int]:
    """Characters of the text, and steps of 25 ms of the audio."""
    assert isinstance(job.spec, SpeechSpec | CloneSpec)
    read, spoken = len(job.spec.text), math.ceil((job.result or {})["duration"] * TOKENS_PER_SECOND)
    return {"input_tokens": read, "output_tokens": spoken, "total_tokens": read + spoken}
