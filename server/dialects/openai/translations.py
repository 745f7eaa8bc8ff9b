"""`POST /audio/translations`: a file in, what it says in English out."""

from typing import Annotated, Literal

from fastapi import APIRouter, Form, Request
from fastapi.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

from jobs.specs import TranscriptionSpec
from server.accepting import accept
from server.asked import asked
from server.callers import BearerKey
from server.dialects.openai.answers import in_text, in_verbose_json
from server.dialects.openai.forms import AudioForm, FormRoute
from server.dialects.openai.headers import headers
from server.dialects.openai.names import is_transcription_alias
from server.hall import Hall, HallDependency
from server.results import transcript
from server.transcription import best_transcriber, checked_transcription
from server.uploads import readable
from server.waiting import result_of

router = APIRouter(route_class=FormRoute)


class TranslationForm(AudioForm):
    response_format: Literal["json", "text", "srt", "verbose_json", "vtt"] = "json"


@router.post("/v1/audio/translations", response_class=Response)
async def translate(
    hall: HallDependency,
    key: BearerKey,
    request: Request,
    form: Annotated[TranslationForm, Form(media_type="multipart/form-data")],
) -> Response:
    """Speech of any language that Whisper knows, as English text."""
    spec = await run_in_threadpool(_checked, hall, form)
    uploads = {
        "audio": await readable(
            form.file, limit=hall.settings.max_upload_bytes, longest=hall.settings.max_audio_seconds
        )
    }
    job = await run_in_threadpool(lambda: accept(hall, key, spec, dialect="openai", interactive=True, uploads=uploads))
    job = await result_of(hall, job, request)
    content = await transcript(hall, job)
    said = headers(job, content["warnings"])
    match form.response_format:
        case "json":
            return JSONResponse({"text": content["text"]}, headers=said)
        case "verbose_json":
            return in_verbose_json(content, ["segment"], said)
        case plain:
            return in_text(content, plain, said)


def _checked(hall: Hall, form: TranslationForm) -> TranscriptionSpec:
    alias = is_transcription_alias(form.model)
    with asked():
        spec = TranscriptionSpec(
            model=best_transcriber(hall, task="translate") if alias else form.model,
            task="translate",
            prompt=form.prompt or None,
            temperature=form.temperature or None,
        )
    return checked_transcription(hall, spec)
