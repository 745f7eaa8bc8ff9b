"""`txt2audio` of version 1, `audio/speech` of version 2: by a preset voice, a cloned one, or one that is described."""

import math
from typing import Annotated, Any, BinaryIO, Literal

from fastapi import APIRouter, Request, UploadFile
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, Field
from starlette.responses import JSONResponse

from jobs.errors import BadReference
from jobs.ledger import Job
from jobs.settings import MEBIBYTE
from jobs.specs import CloneSpec, SpeechSpec
from server.accepting import accept
from server.answering import is_cloning
from server.asked import asked
from server.callers import BearerKey
from server.cloning import checked_clone, engine_headers, find_saved, spoken
from server.dialects.deapi.announcing import Announced, announced, needed
from server.dialects.deapi.jobs import accepted
from server.dialects.deapi.names import (
    DEFAULT_VOICE,
    NAME,
    SECONDS,
    STAND_IN,
    USUAL_SECONDS,
    language_of,
    model_of,
    own_default,
)
from server.forms import openapi_of, parsed
from server.hall import Hall, HallDependency
from server.strict import StrictModels
from server.uploads import measured, required

router = APIRouter()

V1, V2 = "/api/v1/client/txt2audio", "/api/v2/audio/speech"
LARGEST_CLIP = {V1: 15 * MEBIBYTE, V2: 10 * MEBIBYTE}
CONTAINERS = ("mp3", "wav", "flac", "ogg", "mov")
"""MP4 and M4A are `mov`."""

PADDING = 0.25
"""Seconds that an encoder adds to a clip."""

Mode = Literal["custom_voice", "voice_clone", "voice_design"]
Clip = tuple[BinaryIO, float]
"""A file and its seconds, infinite where it does not tell them."""

NEEDED: dict[Mode, str] = {"custom_voice": "voice", "voice_clone": "ref_audio", "voice_design": "instruct"}


class Sound(BaseModel):
    """What a text is spoken as."""

    model: str = Field(description="`Kokoro`, or a name of a model that clones")
    lang: str = Field(description="a code, or an English name; `auto`: that of the text")
    speed: Annotated[float, Field(allow_inf_nan=False)]
    format: Literal["mp3", "wav", "flac", "ogg", "opus", "aac", "m4a"]
    sample_rate: int = Field(ge=8_000, le=48_000)
    mode: Mode = "custom_voice"


CLIP = "needed for `voice_clone`; 3 to 10 s, `Qwen3_TTS_12Hz_1_7B_Base`: 3 to 15 s; up to 15 MB on v1, 10 MB on v2"


class Speech(Sound, Announced):
    text: str
    voice: str | None = Field(default=None, description="needed for `custom_voice`")
    ref_audio: UploadFile | None = Field(default=None, description=CLIP)
    ref_text: str | None = None
    instruct: str | None = Field(default=None, description="needed for `voice_design`")


@router.post(V1, openapi_extra=openapi_of(Speech))
@router.post(V2, openapi_extra=openapi_of(Speech))
async def create(hall: HallDependency, key: BearerKey, strict: StrictModels, request: Request) -> JSONResponse:
    """Accepts a text, as JSON or as a form; poll the job until it is `done`."""
    async with parsed(request, Speech) as body:
        _check_mode(body)
        reference = await _reference(hall, body, LARGEST_CLIP[request.scope["route"].path])
        spec = await run_in_threadpool(_checked, hall, body, reference, key.id, strict)
        uploads = {"reference": reference[0]} if reference else {}

        def submitted() -> Job:
            hook = announced(hall, request, body)
            return accept(hall, key, spec, dialect=NAME, uploads=uploads, webhook=hook)

        job = await run_in_threadpool(submitted)
    return JSONResponse(accepted(job), headers=engine_headers(job) | _ignored(body, spec))


def _check_mode(body: Speech) -> None:
    wanted = NEEDED[body.mode]
    if getattr(body, wanted) is None:
        raise needed(wanted, f"The {wanted} field is required when mode is {body.mode}.")


async def _reference(hall: Hall, body: Speech, largest: int) -> Clip | None:
    """The clip of `voice_clone`. Raises `BadReference` where it is surely too short or too long."""
    if body.mode != "voice_clone":
        return None
    upload = required(body.ref_audio, "ref_audio")
    limit = min(largest, hall.settings.max_upload_bytes)
    file, seconds = await measured(
        upload, limit=limit, longest=hall.settings.max_audio_seconds, param="ref_audio", containers=CONTAINERS
    )
    shortest, longest = SECONDS.get(body.model, USUAL_SECONDS)
    if seconds < shortest or longest + PADDING < seconds < math.inf:
        said = f"The ref_audio field must be {shortest:g} to {longest:g} seconds long; it has {seconds:.1f}."
        raise BadReference(said, param="ref_audio")
    return file, seconds


def _checked(hall: Hall, body: Speech, reference: Clip | None, key_id: str, strict: bool) -> SpeechSpec | CloneSpec:
    with asked():
        if body.mode == "custom_voice" and not is_cloning(hall, model_of(body.model)):
            preset = SpeechSpec(**_shared(body) | {"model": model_of(body.model)}, voice=body.voice or "")
            return spoken(hall, preset, key_id, strict=strict)
        seconds = reference[1] if reference else None
        return checked_clone(hall, _clone(hall, body, key_id), key_id, strict=strict, seconds=seconds)


def _shared(body: Speech) -> dict[str, Any]:
    same = body.model_dump(include={"text", "model", "speed", "format", "sample_rate"})
    return same | {"language": language_of(body.lang)}


def _clone(hall: Hall, body: Speech, key_id: str) -> CloneSpec:
    said = _shared(body)
    match body.mode:
        case "custom_voice" if body.voice == DEFAULT_VOICE and find_saved(hall, DEFAULT_VOICE, key_id) is None:
            own = own_default(hall, body.model)
            return CloneSpec(
                **said, voice=own or STAND_IN, source="reference" if own else "stock", instruct=body.instruct
            )
        case "custom_voice":
            return CloneSpec(**said, voice=body.voice, instruct=body.instruct)
        case "voice_clone":
            seconds = SECONDS.get(body.model, USUAL_SECONDS)
            return CloneSpec(**said, ref_text=body.ref_text, reference_seconds=seconds, cut_reference=False)
        case "voice_design":
            return CloneSpec(**said, instruct=body.instruct)


def _ignored(body: Speech, spec: SpeechSpec | CloneSpec) -> dict[str, str]:
    if body.instruct and isinstance(spec, SpeechSpec):
        return {"x-voxhall-warning": f"{spec.model} takes no `instruct`; it was ignored."}
    return {}
