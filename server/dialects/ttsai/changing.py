"""`/v1/voice-convert/`: a recording in another voice, answered with audio."""

from typing import Annotated, BinaryIO, Literal

from fastapi import APIRouter, Form, Request, UploadFile
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, Field
from starlette.responses import Response

from jobs.errors import InvalidRequest
from jobs.ledger import Job
from jobs.settings import MEBIBYTE
from jobs.specs import ChangeSpec
from server.accepting import accept
from server.asked import asked
from server.callers import BearerKey, Caller
from server.cloning import checked_change
from server.dialects.ttsai.audio import whole
from server.dialects.ttsai.cloning import LARGEST as LARGEST_REFERENCE
from server.dialects.ttsai.cloning import SECONDS, Clip
from server.dialects.ttsai.ids import voice_id
from server.dialects.ttsai.jobs import NAME
from server.hall import Hall, HallDependency
from server.strict import StrictModels
from server.uploads import measured, readable, required

router = APIRouter()

LARGEST = 50 * MEBIBYTE
DEFAULT = "openvoice"


class ChangeForm(BaseModel):
    file: UploadFile | None = Field(default=None, description="the recording, up to 50 MB")
    source_audio: UploadFile | None = Field(default=None, description="the same")
    target_voice: str | None = Field(
        default=None, description="a saved voice (`uv_…`), a stock voice, or a voice of `GET /voices/rvc`"
    )
    target_audio: UploadFile | None = Field(default=None, description="a clip of the voice, in place of its id")
    reference_audio: UploadFile | None = Field(default=None, description="the same")
    model: str = Field(default=DEFAULT, description="not followed for a voice of RVC")
    format: Literal["wav", "mp3", "flac"] = "wav"


@router.post("/voice-convert/", response_class=Response)
async def change(
    hall: HallDependency,
    key: BearerKey,
    strict: StrictModels,
    form: Annotated[ChangeForm, Form(media_type="multipart/form-data")],
    request: Request,
) -> Response:
    """Answers the recording in the other voice, once all of it is done."""
    recording = required(form.file or form.source_audio, "file")
    limit = min(LARGEST, hall.settings.max_upload_bytes)
    source = await readable(recording, limit=limit, longest=hall.settings.max_audio_seconds, param="file")
    target = await _target(hall, form)
    job = await run_in_threadpool(_submitted, hall, key, form, source, target, strict)
    return await whole(hall, job, request)


async def _target(hall: Hall, form: ChangeForm) -> Clip | None:
    upload = form.target_audio or form.reference_audio
    if upload is None and not form.target_voice:
        raise InvalidRequest("Name a `target_voice`, or send a clip of it as `target_audio`.", param="target_voice")
    limit = min(LARGEST_REFERENCE, hall.settings.max_upload_bytes)
    return (
        await measured(upload, limit=limit, longest=hall.settings.max_audio_seconds, param="target_audio")
        if upload
        else None
    )


def _submitted(hall: Hall, key: Caller, form: ChangeForm, source: BinaryIO, target: Clip | None, strict: bool) -> Job:
    voice = voice_id(form.target_voice) if form.target_voice else None
    with asked():
        wanted = ChangeSpec(model=form.model, voice=voice, format=form.format, reference_seconds=SECONDS)
    try:
        spec = checked_change(hall, wanted, key.id, strict=strict, seconds=target[1] if target else None)
    except InvalidRequest as error:
        error.param = "target_voice" if error.param == "voice" else error.param
        raise
    uploads = {"audio": source} | ({"reference": target[0]} if target else {})
    return accept(hall, key, spec, dialect=NAME, interactive=True, uploads=uploads)
