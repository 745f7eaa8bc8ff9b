"""`/audio/voice_consents`: recordings in which somebody agrees that a voice is made of theirs."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Request, UploadFile
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, Field
from starlette.responses import Response

from jobs.consents import Consent, Consents
from jobs.files import consent_key
from jobs.keys import Key
from jobs.settings import MEBIBYTE
from server.callers import BearerKey
from server.consents import dropped, kept
from server.dialects.openai.ids import CONSENT, plain
from server.dialects.openai.pages import DEFAULT, After, Limit, listing
from server.forms import openapi_of, parsed
from server.hall import Hall, HallDependency
from server.results import file_response

router = APIRouter()

PATH = "/v1/audio/voice_consents"
LARGEST = 10 * MEBIBYTE

Label = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$")]


class ConsentForm(BaseModel):
    name: Label
    language: Annotated[
        str,
        Field(max_length=35, pattern="^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$", description="BCP 47, such as `en-US`"),
    ]
    recording: UploadFile = Field(description="any audio or video, up to 10 MiB")


class NewName(BaseModel):
    name: Label


@router.post(PATH)
async def create(
    hall: HallDependency, key: BearerKey, form: Annotated[ConsentForm, Form(media_type="multipart/form-data")]
) -> dict[str, Any]:
    """Keeps the recording until the consent is deleted. Nobody listens to what it says."""
    consent = await kept(
        hall,
        key,
        name=form.name,
        language=form.language,
        recording=form.recording,
        limit=LARGEST,
        param="recording",
    )
    return _view(consent)


@router.get(PATH)
def page(hall: HallDependency, key: BearerKey, after: After = None, limit: Limit = DEFAULT) -> dict[str, Any]:
    """The key's own, newest first."""
    place = None if after is None else plain(after, CONSENT, "after")
    found = Consents(hall.database).page(key_id=key.id, after=place, size=limit)
    return listing([_view(consent) for consent in found.consents], has_more=found.has_more)


@router.get(f"{PATH}/{{consent_id}}")
def read(hall: HallDependency, key: BearerKey, consent_id: str) -> dict[str, Any]:
    """One of the key's own."""
    return _view(_own(hall, key, consent_id))


@router.get(f"{PATH}/{{consent_id}}/recording", response_class=Response)
def recording(hall: HallDependency, key: BearerKey, consent_id: str) -> Response:
    """The recording as it was sent; Voxhall's own. Answers Range requests."""
    consent = _own(hall, key, consent_id)
    headers = {"Cache-Control": "private", "X-Content-Type-Options": "nosniff"}
    return file_response(hall, consent_key(consent.id), "application/octet-stream", headers)


@router.post(f"{PATH}/{{consent_id}}", openapi_extra=openapi_of(NewName))
async def rename(hall: HallDependency, key: BearerKey, consent_id: str, request: Request) -> dict[str, Any]:
    """Changes the name."""
    async with parsed(request, NewName) as wanted:
        bare = plain(consent_id, CONSENT, "consent_id")
        return _view(await run_in_threadpool(_renamed, hall, key, bare, wanted.name))


@router.delete(f"{PATH}/{{consent_id}}")
def delete(hall: HallDependency, key: BearerKey, consent_id: str) -> dict[str, Any]:
    """Deletes the recording, too. Voices that were made under the consent stay; they are deleted one by one."""
    consent = _own(hall, key, consent_id)
    dropped(hall, key, consent.id)
    return {"id": f"{CONSENT}{consent.id}", "deleted": True, "object": "audio.voice_consent"}


def _own(hall: Hall, key: Key, consent_id: str) -> Consent:
    return Consents(hall.database).get(plain(consent_id, CONSENT, "consent_id"), key_id=key.id)


def _renamed(hall: Hall, key: Key, consent_id: str, name: str) -> Consent:
    return Consents(hall.database).rename(consent_id, key_id=key.id, name=name)


def _view(consent: Consent) -> dict[str, Any]:
    return {
        "id": f"{CONSENT}{consent.id}",
        "object": "audio.voice_consent",
        "created_at": int(consent.created_at),
        "language": consent.language,
        "name": consent.name,
    }
