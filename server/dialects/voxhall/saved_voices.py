"""`/voices/saved`: voices that callers keep, to be spoken with by every model that clones."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal, Self

from fastapi import APIRouter, Form, Query, Request, UploadFile
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, Field
from starlette.responses import Response

from jobs.errors import ConsentMissing, InvalidRequest, NotFound
from jobs.keys import Key
from jobs.specs import EnrolmentSpec
from jobs.voices import SavedVoice
from server import saved_voices as service
from server.asked import asked
from server.callers import EitherKey
from server.hall import HallDependency
from server.results import file_response
from server.saved_voices import PATH
from server.strict import StrictModels

router = APIRouter()


class SavedVoiceForm(BaseModel):
    name: str = Field(description="1 to 100 characters, once per key; no slash, for it stands in paths")
    consent: bool = Field(
        default=False, description="true: whoever is heard in the clip has agreed, or nobody needs to"
    )
    reference: UploadFile | None = Field(default=None, description="5 to 30 s of one speaker, up to 20 MB")
    job: str | None = Field(default=None, description="instead: a finished clone or voice design, whose voice to keep")
    language: str | None = Field(default=None, max_length=20, description="ISO 639-1; absent: found")
    model: str | None = Field(default=None, description="what speaks with it where a request names no model")
    text: str | None = Field(default=None, description="what is said in the clip; absent: it is transcribed")
    description: str | None = None
    shared: bool = Field(default=False, description="whether every key may use it")
    denoise: bool = Field(default=False, description="clean the clip first")

    def spec(self) -> EnrolmentSpec:
        """Raises `ConsentMissing`, `InvalidRequest`."""
        if not self.consent:
            message = "A voice is saved only with the consent of whoever is heard: send `consent=true` if you have it."
            raise ConsentMissing(message, param="consent")
        given = {name: value for name in GIVEN if (value := getattr(self, name))}
        with asked():
            return EnrolmentSpec(name=self.name, consent=True, shared=self.shared, denoise=self.denoise, **given)


GIVEN = ("language", "model", "text", "description")


class SavedVoiceView(BaseModel):
    id: str
    name: str
    kind: Literal["clone"] = "clone"
    language: str | None
    seconds: float | None
    """Of the clip."""
    text: str | None
    """What is said in it."""
    model: str | None
    """What speaks with it where a request names no model; None: the server's default."""
    description: str | None
    shared: bool
    """Whether every key may use it."""
    mine: bool
    """Whether it is the key's own, which may remove it."""
    archived: bool
    """An archived voice speaks no more until it is reactivated, and does not count."""
    consent_at: str | None
    created_at: str
    warnings: list[str] = []
    """What was found in the clip when it was saved; told then alone."""

    @classmethod
    def of(cls, voice: SavedVoice, key: Key, warnings: list[str] | None = None) -> Self:
        details = voice.details
        return cls(
            id=voice.id,
            name=voice.name,
            **{name: details.get(name) for name in ("language", "seconds", "text", "model", "description")},
            shared=voice.shared,
            mine=voice.key_id == key.id,
            archived=voice.archived_at is not None,
            consent_at=_time(details.get("consent_at")),
            created_at=_time(voice.created_at) or "",
            warnings=warnings or [],
        )


@router.post(PATH, status_code=201)
async def save(
    hall: HallDependency,
    key: EitherKey,
    request: Request,
    response: Response,
    form: Annotated[SavedVoiceForm, Form(media_type="multipart/form-data")],
) -> SavedVoiceView:
    """Answers once the clip is checked, trimmed, transcribed and kept. A clip that will not do is refused: 400."""
    spec = await run_in_threadpool(form.spec)
    if (form.reference is None) == (form.job is None):
        raise InvalidRequest("Send a file `reference`, or the id of a `job`: one of them.", param="reference")
    if form.reference is not None:
        voice, result = await service.enrol(hall, key, request, spec, form.reference)
    else:
        voice, result = await service.enrol_result(hall, key, request, spec, form.job or "")
    response.headers["Location"] = f"{PATH}/{voice.id}"
    return SavedVoiceView.of(voice, key, result.get("warnings"))


@router.get(PATH)
def listing(hall: HallDependency, key: EitherKey) -> dict[str, Any]:
    """The key's own, archived ones included, and those that others share; newest first."""
    found = service.listed(hall, key)
    quota = service.quota(hall, key)
    return {
        "voices": [SavedVoiceView.of(voice, key) for voice in found],
        "total": len(found),
        "quota": {"used": quota.used, "limit": quota.limit},
    }


@router.get(f"{PATH}/{{voice}}")
def read(hall: HallDependency, key: EitherKey, voice: str) -> SavedVoiceView:
    """One voice, by id or name: the key's own before one that is shared."""
    return SavedVoiceView.of(service.read(hall, key, voice), key)


@router.get(f"{PATH}/{{voice}}/reference", response_class=Response)
def clip(hall: HallDependency, key: EitherKey, voice: str) -> Response:
    """The clip as it is kept, a WAV; for the voice's own key alone. Answers Range requests."""
    found = service.read(hall, key, voice)
    if found.key_id != key.id:
        raise NotFound("There is no such voice.")
    return file_response(hall, service.reference_key(found), "audio/wav", {"Cache-Control": "private"})


@router.delete(f"{PATH}/{{voice}}", status_code=204)
def remove(hall: HallDependency, key: EitherKey, voice: str) -> None:
    """Forgets the voice and deletes its clip and embeddings. Jobs that still wait for it fail. 404: not the key's."""
    service.removed(hall, key, voice)


@router.post(f"{PATH}/{{voice}}/archive")
def archive(hall: HallDependency, key: EitherKey, voice: str) -> SavedVoiceView:
    """Puts the voice aside. 404: not the key's."""
    return SavedVoiceView.of(service.archived(hall, key, voice), key)


@router.post(f"{PATH}/{{voice}}/reactivate")
def reactivate(hall: HallDependency, key: EitherKey, voice: str) -> SavedVoiceView:
    """Takes an archived voice up again. 403: the key has as many others as it may have. 404: not the key's."""
    return SavedVoiceView.of(service.reactivated(hall, key, voice), key)


@router.post(f"{PATH}/{{voice}}/preload")
async def preload(
    hall: HallDependency,
    key: EitherKey,
    strict: StrictModels,
    request: Request,
    response: Response,
    voice: str,
    model: Annotated[str | None, Query(description="absent: the voice's own, else the server's default")] = None,
) -> dict[str, Any]:
    """Embeds the voice for a model, and answers when the next request will start at once."""
    found, loaded = await service.preloaded(hall, key, request, voice, model, strict=strict)
    response.headers["X-Voxhall-Model"] = loaded
    return {"voice": found.id, "model": loaded}


def _time(seconds: float | None) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat()
