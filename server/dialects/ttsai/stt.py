"""`/v1/stt/` and `/v1/transcribe/`: a recording in, its text out; at once, or as a queued job."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Request, Response, UploadFile
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, Field

from jobs.errors import NotServed
from jobs.ledger import Job
from jobs.settings import MEBIBYTE
from jobs.specs import TranscriptionSpec
from jobs.webhooks import LONGEST_URL
from server.accepting import accept
from server.asked import asked
from server.callers import BearerKey, Caller
from server.dialects.ttsai.jobs import NAME, headers, queued
from server.dialects.ttsai.speech import language_of
from server.hall import Hall, HallDependency
from server.strict import StrictModels
from server.transcription import best_transcriber, checked_transcription
from server.uploads import readable
from server.waiting import result_of
from server.webhooks import webhook

router = APIRouter()

LARGEST = 100 * MEBIBYTE

WHISPERS = ("whisper", "faster-whisper")
"""TTS.ai's names of Whisper: the best one that is installed."""

OTHERS = ("sensevoice",)
"""Models of TTS.ai that are not run here: Whisper stands in for them, unless the caller is strict."""


class TranscriptionForm(BaseModel):
    file: UploadFile = Field(description="audio or video, up to 100 MB")
    model: str = Field(default="whisper", description="`whisper`, `faster-whisper`, `sensevoice`, or Voxhall's own id")
    language: str | None = Field(default=None, description="a code; absent or `auto`: detected")
    timestamps: bool = Field(default=False, description="the times of the words, too")
    diarize: bool = Field(default=False, description="say who speaks")
    webhook_url: str | None = Field(default=None, max_length=LONGEST_URL, description="is told when the job has ended")


Fields = Annotated[TranscriptionForm, Form(media_type="multipart/form-data")]


@router.post("/stt/")
async def transcribe(
    hall: HallDependency, key: BearerKey, strict: StrictModels, form: Fields, request: Request, response: Response
) -> dict[str, Any]:
    """Answers the text, once all of the recording was heard."""
    job = await _submitted(hall, key, form, strict, request, waits=True)
    job = await result_of(hall, job, request)
    return await run_in_threadpool(_told, hall, key, request, response, job)


@router.post("/transcribe/")
async def create(
    hall: HallDependency, key: BearerKey, strict: StrictModels, form: Fields, request: Request, response: Response
) -> dict[str, Any]:
    """Accepts a recording; poll `/v1/speech/results/?uuid=` until it is `completed`, which then has the text."""
    job = await _submitted(hall, key, form, strict, request, waits=False)
    return await run_in_threadpool(_told, hall, key, request, response, job)


def _told(hall: Hall, key: Caller, request: Request, response: Response, job: Job) -> dict[str, Any]:
    assert isinstance(job.spec, TranscriptionSpec)
    response.headers.update(headers(job) | {"X-Voxhall-Model": job.spec.model})
    return queued(hall, request, key, job, model=job.spec.model)


async def _submitted(
    hall: Hall, key: Caller, form: TranscriptionForm, strict: bool, request: Request, *, waits: bool
) -> Job:
    spec = await run_in_threadpool(_checked, hall, form, strict)
    limit = min(LARGEST, hall.settings.max_upload_bytes)
    audio = await readable(form.file, limit=limit, longest=hall.settings.max_audio_seconds)

    def accepted() -> Job:
        told = webhook(hall, request, form="ttsai", url=form.webhook_url)
        return accept(hall, key, spec, dialect=NAME, interactive=waits, uploads={"audio": audio}, webhook=told)

    return await run_in_threadpool(accepted)


def _checked(hall: Hall, form: TranscriptionForm, strict: bool) -> TranscriptionSpec:
    with asked():
        spec = TranscriptionSpec(
            model=_model(hall, form.model, strict or hall.settings.strict_models),
            language=language_of(form.language),
            word_times=form.timestamps,
            diarize=form.diarize,
        )
    return checked_transcription(hall, spec)


def _model(hall: Hall, name: str, strict: bool) -> str:
    if name in OTHERS and strict:
        message = f"`{name}` is not run here, and no other model may stand in for it. `whisper` is."
        raise NotServed(message, param="model")
    return best_transcriber(hall) if name in (*WHISPERS, *OTHERS) else name
