"""`/v1/jobs/transcribe` and `POST /v2/jobs`: a recording at an address, into a transcript."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import AliasChoices, Field

from jobs.ledger import Job
from jobs.specs import TranscriptionSpec
from jobs.webhooks import LONGEST_URL
from server.accepting import accept
from server.asked import asked
from server.callers import AnyFormKey, Caller
from server.dialects.hamsa.asked_for import AskedFor, as_upload
from server.dialects.hamsa.envelope import dashed, v1, v2
from server.dialects.hamsa.jobs import NAME, shown
from server.dialects.hamsa.subtitles import SrtOptions
from server.dialects.hamsa.webhooks import Announced, webhook
from server.hall import Hall, HallDependency
from server.installed import installed
from server.sources import source
from server.transcription import DIARIZER, best_transcriber, checked_transcription
from server.waiting import result_of

router = APIRouter()

GENERAL, CONVERSATIONAL = "Hamsa-General-V2.0", "Hamsa-Conversational-V1.0"

MediaUrl = Annotated[str, Field(alias="mediaUrl", min_length=1, max_length=LONGEST_URL)]
Title = Annotated[str | None, Field(max_length=1_000)]
Language = Annotated[str, Field(description="`ar`, `en`, or another code that the model knows")]


class Transcription(Announced):
    media_url: MediaUrl
    model: str = Field(default=GENERAL, min_length=1, description=f"`{GENERAL}`, `{CONVERSATIONAL}`, or our own")
    processing_type: Literal["async"] = Field(default="async", alias="processingType")
    language: Language = "ar"
    title: Title = None
    wants_srt: bool = Field(default=False, alias="returnSrtFormat")
    srt_options: SrtOptions | None = Field(
        default=None, alias="srtOptions", description="ignored without `returnSrtFormat`"
    )
    diarization: bool | None = Field(
        default=None, description=f"absent: of `{CONVERSATIONAL}`, where the model that tells speakers is installed"
    )


class JobV2(Announced):
    type: Literal["TRANSCRIPTION"]
    api_key: str | None = Field(default=None, validation_alias=AliasChoices("apiKey", "api_key"), max_length=1_000)
    """Documented, and not needed: the header says who calls."""
    media_url: MediaUrl
    language: Language = "ar"
    title: Title = None
    processing_type: Literal["async", "sync"] = Field(default="async", alias="processingType")


@router.post("/v1/jobs/transcribe")
async def transcribe(hall: HallDependency, key: AnyFormKey, body: Transcription, request: Request) -> dict[str, Any]:
    """Accepts a recording; poll `GET /v1/jobs?jobId=` until it is `COMPLETED`.

    The server fetches it, where its operator allows that (`VOXHALL_FETCH_URLS`).
    """
    options = (body.srt_options or SrtOptions()) if body.wants_srt else None
    asked_for = AskedFor(title=body.title, model=body.model, srt=options)
    diarize = _diarized(hall, body)
    job = await run_in_threadpool(_accepted, hall, key, request, body, asked_for, diarize=diarize)
    return v1({"jobId": dashed(job.id)})


@router.post("/v2/jobs")
async def create(hall: HallDependency, key: AnyFormKey, body: JobV2, request: Request) -> dict[str, Any]:
    """As `/v1/jobs/transcribe`; with `processingType: sync` the answer comes when the job is done, and holds it."""
    asked_for = AskedFor(title=body.title, model=GENERAL, processing_type=body.processing_type)
    sync = body.processing_type == "sync"
    job = await run_in_threadpool(_accepted, hall, key, request, body, asked_for, interactive=sync)
    if not sync:
        message = "Transcription started, poll `GET /v1/jobs?jobId=` for its end"
        return v2({"jobId": dashed(job.id)}, message)
    job = await result_of(hall, job, request)
    return v2({"jobId": dashed(job.id), **await shown(hall, request, job)})


def _accepted(
    hall: Hall,
    key: Caller,
    request: Request,
    body: Transcription | JobV2,
    asked_for: AskedFor,
    *,
    diarize: bool = False,
    interactive: bool = False,
) -> Job:
    url = source(hall, body.media_url, param="mediaUrl")
    spec = listening_spec(
        hall,
        asked_for.model or GENERAL,
        body.language,
        word_times=asked_for.srt is not None,
        diarize=diarize,
        source_url=url,
    )
    announced, uploads = webhook(hall, request, body), as_upload(asked_for)
    return accept(hall, key, spec, dialect=NAME, interactive=interactive, uploads=uploads, webhook=announced)


def listening_spec(hall: Hall, model: str, language: str, **wanted: Any) -> TranscriptionSpec:
    """The checked spec of a transcript in this language; Hamsa's models are the best that is installed."""
    own = best_transcriber(hall) if model.startswith("Hamsa-") else model
    with asked():
        return checked_transcription(hall, TranscriptionSpec(model=own, language=language, **wanted))


def _diarized(hall: Hall, body: Transcription) -> bool:
    if body.diarization is not None:
        return body.diarization
    return body.model == CONVERSATIONAL and installed(hall, hall.catalog.model(DIARIZER))
