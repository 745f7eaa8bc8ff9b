"""`/audio/voices`: voices of the caller's own, of a recording or of a description."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

from fastapi import APIRouter, Request, Response, UploadFile
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, Field

from jobs.consents import Consents
from jobs.errors import ConsentMissing, InvalidRequest
from jobs.keys import Key
from jobs.settings import MEBIBYTE
from jobs.specs import CloneSpec, EnrolmentSpec
from jobs.voices import SavedVoice
from server.asked import asked
from server.callers import BearerKey, Caller
from server.cloning import checked_clone
from server.dialects.openai.ids import CONSENT, VOICE, plain
from server.dialects.openai.pages import DEFAULT, After, Limit, listing
from server.forms import openapi_of, parsed
from server.hall import Hall, HallDependency
from server.saved_voices import enrol, enrol_description, listed, removed
from server.uploads import required
from server.warned import warned

router = APIRouter()

PATH = "/v1/audio/voices"
LARGEST = 10 * MEBIBYTE

OPENAI_MODELS = ("auto", "2026-10-08")
"""Mean the model that a described voice is made with where none is named."""

SCRIPT = (
    "Hello. This is how I sound when I read a few calm sentences aloud. "
    "I hope that you like my voice, and that we will hear each other again before long."
)
"""What a described voice says first, some ten seconds: its later sound is taken from there."""

Made = tuple[SavedVoice, dict[str, Any]]


class VoiceRequest(BaseModel):
    name: str = Field(description="1 to 100 characters, once per key; no slash")
    type: Literal["audio_sample", "prompt"] = "audio_sample"
    audio_sample: UploadFile | None = Field(default=None, description="5 s of one speaker or more, up to 10 MiB")
    consent: str | None = Field(default=None, description="`cons_…`, under which a recorded voice is made")
    prompt: str | None = Field(default=None, description="how a described voice sounds")
    model: str = Field(default="auto", description="of a described voice")
    script_hint: str | None = Field(default=None, description="what a described voice says first, 5 s or more")


@router.post(PATH, openapi_extra=openapi_of(VoiceRequest))
async def create(hall: HallDependency, key: BearerKey, request: Request, response: Response) -> dict[str, Any]:
    """A voice of a recording, with a recorded consent; or of a description, where a model that designs is installed.

    Answers once the voice is kept. Both kinds speak in `/v1/audio/speech`, by `voice_…` or by name.
    """
    async with parsed(request, VoiceRequest) as wanted:
        make = _described if wanted.type == "prompt" else _recorded
        voice, told = await make(hall, key, request, wanted)
    response.headers.update(warned(told.get("warnings", ())))
    return _view(voice)


@router.get(PATH)
def page(hall: HallDependency, key: BearerKey, after: After = None, limit: Limit = DEFAULT) -> dict[str, Any]:
    """Voxhall's own: the key's voices, and those that others share with it; newest first."""
    voices = [voice for voice in listed(hall, key) if voice.archived_at is None]
    start = 0
    if after is not None:
        ids = [voice.id for voice in voices]
        start = _after(ids, plain(after, VOICE, "after"))
    here = voices[start : start + limit]
    return listing([_view(voice) for voice in here], has_more=len(voices) > start + limit)


@router.delete(f"{PATH}/{{voice_id}}")
def delete(hall: HallDependency, key: BearerKey, voice_id: str) -> dict[str, Any]:
    """Forgets the voice and deletes its clip; the recorded consent stays."""
    voice = removed(hall, key, plain(voice_id, VOICE, "voice_id"))
    return {"id": f"{VOICE}{voice.id}", "deleted": True, "object": "audio.voice.deleted"}


async def _recorded(hall: Hall, key: Caller, request: Request, wanted: VoiceRequest) -> Made:
    sample = required(wanted.audio_sample, "audio_sample")
    consent_id = await run_in_threadpool(_consent, hall, key, wanted.consent)
    with asked():
        spec = EnrolmentSpec(name=wanted.name, consent=True, consent_id=consent_id, cut_reference=True)
    return await enrol(hall, key, request, spec, sample, dialect="openai", limit=LARGEST, param="audio_sample")


async def _described(hall: Hall, key: Caller, request: Request, wanted: VoiceRequest) -> Made:
    with _as_named_here():
        with asked():
            spec = EnrolmentSpec(name=wanted.name, consent=True, description=wanted.prompt, designed=True)
        design = await run_in_threadpool(_design, hall, key, wanted)
    return await enrol_description(hall, key, request, spec, design, dialect="openai")


def _consent(hall: Hall, key: Key, given: str | None) -> str:
    """Its plain id. Raises `ConsentMissing`, `NotFound`."""
    if not given:
        message = "A voice is made with a recorded consent: send its id. `POST /v1/audio/voice_consents` keeps one."
        raise ConsentMissing(message, param="consent")
    return Consents(hall.database).get(plain(given, CONSENT, "consent"), key_id=key.id).id


def _design(hall: Hall, key: Key, wanted: VoiceRequest) -> CloneSpec:
    for value, param in ((wanted.prompt or "", "prompt"), (wanted.script_hint or SCRIPT, "script_hint")):
        if not value.strip():
            raise InvalidRequest(f"The voice needs a `{param}` that is not blank.", param=param)
    model = {} if wanted.model in OPENAI_MODELS else {"model": wanted.model}
    with asked():
        spec = CloneSpec(text=wanted.script_hint or SCRIPT, instruct=wanted.prompt, format="flac", **model)
    return checked_clone(hall, spec, key.id)


@contextmanager
def _as_named_here() -> Iterator[None]:
    try:
        yield
    except InvalidRequest as error:
        error.param = {"text": "script_hint", "instruct": "prompt", "description": "prompt"}.get(
            error.param or "", error.param
        )
        raise


def _after(ids: list[str], last: str) -> int:
    if last not in ids:
        raise InvalidRequest("There is no such voice to go on after.", param="after")
    return ids.index(last) + 1


def _view(voice: SavedVoice) -> dict[str, Any]:
    designed = bool(voice.details.get("designed"))
    found = {
        "id": f"{VOICE}{voice.id}",
        "object": "audio.voice",
        "created_at": int(voice.created_at),
        "name": voice.name,
        "type": "prompt" if designed else "audio_sample",
    }
    return found | ({"prompt": voice.details.get("description")} if designed else {})
