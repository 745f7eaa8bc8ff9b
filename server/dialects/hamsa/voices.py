"""`/v2/tts/voices`: Hamsa's speakers, and the voices that a caller has saved, made from a clip and made ready."""

import uuid
from math import ceil
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import AliasChoices, BaseModel, Field

from jobs.errors import ConsentMissing
from jobs.ledger import Job
from jobs.specs import LONGEST_INSTRUCTION, LONGEST_TRANSCRIPT, CloneSpec, EnrolmentSpec
from jobs.voices import SavedVoice
from jobs.webhooks import LONGEST_URL
from server.accepting import accept
from server.asked import asked
from server.callers import AnyFormKey, Caller
from server.cloning import checked_clone
from server.dialects.hamsa.catalogue import Shown, catalogue
from server.dialects.hamsa.envelope import dashed, v2
from server.dialects.hamsa.jobs import NAME, Project, audio
from server.dialects.hamsa.speakers import SPEAKERS
from server.hall import HallDependency
from server.repeating import made_before, tell_again
from server.saved_voices import dropped, enrol_source, preloaded
from server.sources import source
from server.strict import StrictModels
from server.waiting import CallerGone, result_of, shared_result_of

router = APIRouter()

PREVIEWS = "voxhall"
"""Dialect of what previews have spoken: none of Hamsa's own lists and histories shows it."""

UPLOAD = "`POST /voices/saved` takes the clip itself."

AudioUrl = Annotated[str, Field(alias="audioUrl", min_length=1, max_length=LONGEST_URL)]
Transcript = Annotated[str, Field(alias="audioTranscription", min_length=1, max_length=LONGEST_TRANSCRIPT)]
Dialect = Annotated[str | None, Field(alias="dialectId", max_length=100, description="ignored: there is one Arabic")]


class Preload(BaseModel):
    voice_id: str = Field(
        validation_alias=AliasChoices("voiceId", "voice_id"), min_length=1, description="id or name of a saved voice"
    )


class NewVoice(BaseModel):
    name: str = Field(description="up to 100 characters, as every saved voice's")
    audio_url: AudioUrl
    transcript: Transcript
    project_id: str | None = Field(default=None, alias="projectId", max_length=100)
    language: Literal["en", "ar"]
    tags: list[str] = Field(default=[], max_length=10, description="ignored")
    description: str | None = Field(default=None, max_length=min(1_000, LONGEST_INSTRUCTION))
    image_url: str | None = Field(default=None, alias="imageUrl", max_length=LONGEST_URL, description="ignored")
    dialect_id: Dialect = None
    consent: bool = Field(default=False, description="whoever is heard in the clip has agreed, or nobody needs to")


class Preview(BaseModel):
    audio_url: AudioUrl
    transcript: Transcript
    language: Literal["en", "ar"]
    dialect_id: Dialect = None
    text: str = Field(min_length=1, max_length=5_000)


@router.post("/v2/tts/voices/custom/preload")
async def preload(
    hall: HallDependency, key: AnyFormKey, strict: StrictModels, body: Preload, request: Request
) -> dict[str, Any]:
    """Computes what the voice's model needs to speak with it, and waits, so that the next job starts at once.

    Speakers of Hamsa's are ready as they are.
    """
    if body.voice_id.strip().lower() not in SPEAKERS:
        await preloaded(hall, key, request, body.voice_id, strict=strict)
    return {"success": True, "message": "Custom voice have been preloaded successfully", "data": []}


@router.post("/v2/tts/voices")
async def create(hall: HallDependency, key: AnyFormKey, request: Request, body: NewVoice) -> dict[str, Any]:
    """Saves the voice of a clip at an address, and waits for it.

    The server fetches it, where its operator allows that (`VOXHALL_FETCH_URLS`); else `POST /voices/saved` takes it.
    """
    url = await run_in_threadpool(source, hall, body.audio_url, param="audioUrl", instead=UPLOAD)
    if not body.consent:
        message = "Voices are saved with the consent of those who are heard: send `consent: true`."
        raise ConsentMissing(message, param="consent")
    with asked():
        spec = EnrolmentSpec(
            name=body.name,
            consent=True,
            language=body.language,
            text=body.transcript,
            description=body.description,
            source_url=url,
        )
    voice, _ = await enrol_source(hall, key, request, spec, dialect=NAME)
    return v2({"id": dashed(voice.id), "voiceRecord": "reference.wav"})


@router.post("/v2/tts/voices/preview")
async def preview(
    hall: HallDependency, key: AnyFormKey, request: Request, body: Preview, _project: Project = None
) -> dict[str, Any]:
    """A text in the voice of a clip at an address, without saving it. Fetched as `POST /v2/tts/voices` does it."""
    if made := await run_in_threadpool(made_before, hall, key):
        job = await shared_result_of(hall, await run_in_threadpool(hall.ledger.get, made), request)
        tell_again()
        return v2({"audioUrl": audio(hall, request, job)})
    url = await run_in_threadpool(source, hall, body.audio_url, param="audioUrl", instead=UPLOAD)
    with asked():
        spec = EnrolmentSpec(
            name=f"preview-{uuid.uuid4().hex[:12]}",
            lasting=False,
            language=body.language,
            text=body.transcript,
            source_url=url,
        )
    voice, _ = await enrol_source(hall, key.for_a_part(), request, spec, dialect=NAME)
    return v2({"audioUrl": await _said(hall, key, request, voice, body)})


async def _said(hall: HallDependency, key: Caller, request: Request, voice: SavedVoice, body: Preview) -> str | None:
    """A link to the text in this voice, which is dropped then. A request that comes again gets the same job."""

    def accepted() -> Job:
        with asked():
            spec = CloneSpec(text=body.text, voice=voice.id, language=body.language, format="wav")
        return accept(hall, key, checked_clone(hall, spec, key.id), dialect=PREVIEWS, interactive=True)

    is_needed = False
    try:
        job = await result_of(hall, await run_in_threadpool(accepted), request)
        return audio(hall, request, job)
    except CallerGone:
        is_needed = key.once is not None  # the job goes on; such a voice passes in time
        raise
    finally:
        if not is_needed:
            await run_in_threadpool(dropped, hall, voice.id)


Search = Annotated[str | None, Query(max_length=200, description="part of the name")]


@router.get("/v2/tts/voices")
@router.get("/v1/tts/voices")
def listing(
    hall: HallDependency,
    key: AnyFormKey,
    page: Annotated[int, Query(ge=1, le=1_000_000)] = 1,
    per_page: Annotated[int, Query(alias="perPage", ge=1, le=100)] = 20,
    q: Search = None,
    source: Annotated[str | None, Query(max_length=40, description="ignored")] = None,  # noqa: ARG001
    _project: Project = None,
) -> dict[str, Any]:
    """Saved voices, then the speakers that an installed model can speak for, then stock voices."""
    found = [voice for voice in catalogue(hall, key) if not q or q.lower() in voice.name.lower()]
    part = found[(page - 1) * per_page : page * per_page]
    return v2(
        {
            "voices": [_whole(voice) for voice in part],
            "page": page,
            "totalCount": len(found),
            "totalPages": ceil(len(found) / per_page),
        }
    )


@router.get("/v2/tts/voices/catalog")
def catalog(hall: HallDependency, key: AnyFormKey, _project: Project = None) -> dict[str, Any]:
    """All of them, in short. `voices` stands beside `data`, where clients read it."""
    voices = [
        {"id": voice.id, "name": voice.name, "language": voice.language, "gender": voice.gender}
        for voice in catalogue(hall, key)
    ]
    return v2({"voices": voices}) | {"voices": voices}


def _whole(voice: Shown) -> dict[str, Any]:
    return {
        "id": voice.id,
        "name": voice.name,
        "language": voice.language,
        "dialect": {"id": voice.dialect, "languageCode": voice.dialect, "language": voice.dialect_name},
        "gender": voice.gender,
        "tags": [voice.gender] if voice.gender else [],
        "isCustom": voice.saved,
    }
