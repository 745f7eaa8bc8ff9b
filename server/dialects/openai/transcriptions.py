"""`POST /audio/transcriptions`: a file in, its text out, in every `response_format`, whole or in events."""

from typing import Annotated, Literal

from fastapi import APIRouter, Form, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import BeforeValidator, Field
from starlette.responses import Response

from jobs.ledger import Job
from jobs.specs import TranscriptionSpec
from server.accepting import accept
from server.asked import asked
from server.callers import BearerKey
from server.dialects.openai.answers import Granularity, in_diarized_json, in_json, in_text, in_verbose_json
from server.dialects.openai.chunking import Chunking, chunking
from server.dialects.openai.errors import Unsupported
from server.dialects.openai.events import EventStream
from server.dialects.openai.forms import AudioForm, FormRoute
from server.dialects.openai.headers import headers
from server.dialects.openai.known_speakers import recordings
from server.dialects.openai.languages import language_code
from server.dialects.openai.names import DIARIZER, LISTENER, WHISPER, is_transcription_alias, undated
from server.dialects.openai.transcript_events import diarized_events, transcript_events
from server.hall import Hall, HallDependency
from server.results import transcript
from server.streaming import first_segment
from server.transcription import best_transcriber, checked_transcription
from server.uploads import readable
from server.waiting import result_of

router = APIRouter(route_class=FormRoute)

STREAMED = ("json", "text", "diarized_json")


class TranscriptionForm(AudioForm):
    language: str | None = None
    languages: list[str] = Field(default=[], alias="languages[]")
    keywords: list[str] = Field(default=[], alias="keywords[]")
    response_format: Literal["json", "text", "srt", "verbose_json", "vtt", "diarized_json"] = "json"
    granularities: list[Granularity] = Field(default=[], alias="timestamp_granularities[]")
    include: list[Literal["logprobs"]] = Field(default=[], alias="include[]")
    stream: bool = False
    chunking_strategy: Annotated[Chunking, BeforeValidator(chunking)] | None = None
    chunking_type: Literal["auto", "server_vad"] | None = Field(default=None, alias="chunking_strategy[type]")
    prefix_padding_ms: int | None = Field(default=None, alias="chunking_strategy[prefix_padding_ms]")
    silence_duration_ms: int | None = Field(default=None, alias="chunking_strategy[silence_duration_ms]")
    threshold: float | None = Field(default=None, alias="chunking_strategy[threshold]")
    known_speaker_names: list[str] = Field(default=[], alias="known_speaker_names[]")
    known_speaker_references: list[str] = Field(default=[], alias="known_speaker_references[]")

    @property
    def known_as(self) -> str:
        """The model's name without a date."""
        return undated(self.model)

    @property
    def diarized(self) -> bool:
        return self.response_format == "diarized_json"

    @property
    def logprobs(self) -> bool:
        return "logprobs" in self.include

    @property
    def chunking(self) -> Chunking:
        return self.chunking_strategy or Chunking(
            type=self.chunking_type or "auto",
            prefix_padding_ms=self.prefix_padding_ms,
            silence_duration_ms=self.silence_duration_ms,
            threshold=self.threshold,
        )

    @property
    def streamed(self) -> bool:
        """OpenAI ignores `stream` for `whisper-1`, and clients of that name expect no events."""
        return self.stream and self.known_as != WHISPER


@router.post("/v1/audio/transcriptions", response_class=Response)
async def transcribe(
    hall: HallDependency,
    key: BearerKey,
    request: Request,
    form: Annotated[TranscriptionForm, Form(media_type="multipart/form-data")],
) -> Response:
    """A file that breaks off is read to there, and unintelligible speech is left out: `x-voxhall-warning` says so.

    In a stream, whose headers are sent before that is known, it is in the `warnings` of `transcript.text.done`.
    """
    _check_together(form)
    spec = await run_in_threadpool(_checked, hall, form)
    limit = hall.settings.max_upload_bytes
    uploads = {"audio": await readable(form.file, limit=limit, longest=hall.settings.max_audio_seconds)}
    uploads |= await recordings(form.known_speaker_names, form.known_speaker_references, limit=limit)
    job = await run_in_threadpool(lambda: accept(hall, key, spec, dialect="openai", interactive=True, uploads=uploads))
    return await (_events if form.streamed else _answer)(hall, job, request, form)


def _check_together(form: TranscriptionForm) -> None:
    """What OpenAI refuses too."""
    if form.granularities and form.response_format != "verbose_json":
        raise Unsupported("Timestamp granularities need `verbose_json`.", param="timestamp_granularities[]")
    if form.logprobs and form.response_format != "json":
        raise Unsupported("`logprobs` come with the response format `json` only.", param="include[]")
    if form.streamed and form.response_format not in STREAMED:
        raise Unsupported(f"A stream has the format {', '.join(STREAMED)}.", param="response_format")
    if form.known_as == DIARIZER:
        _check_diarizer(form)


def _check_diarizer(form: TranscriptionForm) -> None:
    if form.response_format not in STREAMED:
        raise Unsupported(f"`{DIARIZER}` has the formats {', '.join(STREAMED)}.", param="response_format")
    for given, param in ((form.prompt, "prompt"), (form.include, "include[]")):
        if given:
            raise Unsupported(f"`{DIARIZER}` takes no `{param}`.", param=param)


def _checked(hall: Hall, form: TranscriptionForm) -> TranscriptionSpec:
    model = best_transcriber(hall) if is_transcription_alias(form.model) else form.model
    with asked():
        spec = TranscriptionSpec(
            model=model,
            language=language_code(form.language) if form.language else None,
            languages=_possible(hall, model, form.languages),
            word_times="word" in form.granularities or form.logprobs,
            prompt=form.prompt or None,
            hotwords=", ".join(filter(None, map(str.strip, form.keywords))) or None,
            temperature=form.temperature or None,
            vad=form.chunking.vad(),
            diarize=form.diarized,
            known_speakers=tuple(form.known_speaker_names),
        )
    return checked_transcription(hall, spec)


def _possible(hall: Hall, model: str, languages: list[str]) -> tuple[str, ...]:
    """Those that the model knows. Where it knows none of them all are kept, to be refused."""
    known = hall.catalog.models[model].languages if model in hall.catalog.models else ()
    return tuple(code for code in languages if code.lower().partition("-")[0] in known) or tuple(languages)


async def _events(hall: Hall, job: Job, request: Request, form: TranscriptionForm) -> Response:
    # The status is sent with the first segment: an error before it is still an error.
    await first_segment(hall, job, request)
    if form.diarized:
        events = diarized_events(hall, job, request)
    else:
        listener = form.known_as == LISTENER
        events = transcript_events(hall, job, request, with_logprobs=form.logprobs, with_languages=listener)
    return EventStream(hall, job, events, headers(job))


async def _answer(hall: Hall, job: Job, request: Request, form: TranscriptionForm) -> Response:
    job = await result_of(hall, job, request)
    content = await transcript(hall, job)
    said = headers(job, content["warnings"])
    match form.response_format:
        case "json":
            return in_json(content, said, with_logprobs=form.logprobs, with_languages=form.known_as == LISTENER)
        case "verbose_json":
            return in_verbose_json(content, form.granularities or ["segment"], said)
        case "diarized_json":
            return in_diarized_json(content, said)
        case plain:
            return in_text(content, plain, said)
