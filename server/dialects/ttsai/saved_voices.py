"""`/api/v1/user-voices/`: voices that are saved once and spoken with ever after."""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request, UploadFile
from pydantic import BaseModel, Field

from jobs.errors import ConsentMissing
from jobs.keys import Key
from jobs.specs import EnrolmentSpec
from jobs.voices import SavedVoice
from server import saved_voices
from server.asked import asked
from server.callers import BearerKey
from server.dialects.ttsai.ids import SAVED, number, voice_id
from server.dialects.ttsai.jobs import NAME
from server.dialects.ttsai.speech import language_of
from server.hall import Hall, HallDependency

router = APIRouter()

PATH = "/user-voices/"
SECONDS = (5.0, 30.0)
UNTRUE = ("", "0", "false", "no", "off", "none", "null")

PublicId = Annotated[str, Query(min_length=1, max_length=110, description="`uv_…`")]


class VoiceForm(BaseModel):
    file: UploadFile = Field(description="5 to 30 s of one person's speech, up to 20 MB")
    name: str
    consent_confirmed: str = Field(
        default="", description="whoever is heard in the clip has agreed, or nobody needs to: any word but a no"
    )
    language: str | None = Field(default=None, description="absent: what is heard")
    model: str | None = Field(default=None, description="the model that speaks with it where a request names none")


@router.post(PATH)
async def save(
    hall: HallDependency,
    key: BearerKey,
    request: Request,
    form: Annotated[VoiceForm, Form(media_type="multipart/form-data")],
) -> dict[str, Any]:
    """Answers once the clip is checked and kept. Nothing is kept of one that is refused."""
    if form.consent_confirmed.strip().lower() in UNTRUE:
        message = "Voices are saved with the consent of those who are heard: send `consent_confirmed=true`."
        raise ConsentMissing(message, param="consent_confirmed")
    with asked():
        spec = EnrolmentSpec(
            name=form.name,
            consent=True,
            language=language_of(form.language),
            model=form.model or None,
            reference_seconds=SECONDS,
        )
    voice, said = await saved_voices.enrol(hall, key, request, spec, form.file, dialect=NAME, param="file")
    warnings = said.get("warnings")
    return _shown(hall, request, key, voice) | ({"warnings": warnings} if warnings else {})


@router.get(PATH)
def listing(hall: HallDependency, key: BearerKey, request: Request) -> dict[str, Any]:
    """The saved voices, newest first, archived ones too; and how many more there may be."""
    found = [_shown(hall, request, key, voice) for voice in saved_voices.listed(hall, key)]
    quota = saved_voices.quota(hall, key)
    remaining = max(0, quota.limit - quota.used)
    return {
        "voices": found,
        "total": len(found),
        "quota": {"used": quota.used, "limit": quota.limit, "remaining": remaining},
    }


@router.delete(PATH)
def remove(hall: HallDependency, key: BearerKey, public_id: PublicId) -> dict[str, Any]:
    """Forgets the voice and deletes its files, at once. Jobs that still wait for it fail."""
    voice = saved_voices.removed(hall, key, voice_id(public_id))
    return {"public_id": f"{SAVED}{voice.id}", "deleted": True}


@router.post(f"{PATH}{{public_id}}/archive/")
def archive(hall: HallDependency, key: BearerKey, public_id: str, request: Request) -> dict[str, Any]:
    """Puts the voice aside: it stays in the list, speaks no more, and does not count."""
    return _shown(hall, request, key, saved_voices.archived(hall, key, voice_id(public_id)))


@router.post(f"{PATH}{{public_id}}/reactivate/")
def reactivate(hall: HallDependency, key: BearerKey, public_id: str, request: Request) -> dict[str, Any]:
    """Takes an archived voice up again."""
    return _shown(hall, request, key, saved_voices.reactivated(hall, key, voice_id(public_id)))


def _shown(hall: Hall, request: Request, key: Key, voice: SavedVoice) -> dict[str, Any]:
    mine = voice.key_id == key.id
    return {
        "public_id": f"{SAVED}{voice.id}",
        "id": number(voice.id),
        "name": voice.name,
        "model_name": saved_voices.speaker(hall, voice),
        "language": voice.details.get("language"),
        "reference_audio_url": saved_voices.reference_link(hall, request, voice) if mine else None,
        "storage_status": "active" if voice.archived_at is None else "archived",
        "created_at": datetime.fromtimestamp(voice.created_at, UTC).isoformat(timespec="seconds"),
    }
