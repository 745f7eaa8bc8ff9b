"""`/voices/rvc`: the community's RVC models, added as voices to convert into."""

from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Any, BinaryIO, Literal, Self

from fastapi import APIRouter, Form, Request, UploadFile
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, Field, ValidationError
from starlette.responses import Response

from jobs.errors import Conflict, InvalidRequest
from jobs.files import voice_prefix
from jobs.ledger import Job
from jobs.specs import VoiceSpec
from jobs.submit import forget
from jobs.voices import SavedVoice, Voices
from server.accepting import accept
from server.callers import Caller, EitherKey
from server.hall import Hall, HallDependency
from server.repeating import accepted_once
from server.waiting import result_of, shared_result_of

router = APIRouter(tags=["Voxhall"])

PATH = "/voices/rvc"
KIND = "rvc"
TOLD = ("version", "f0", "sample_rate", "speakers", "epochs", "info", "size")
"""Of a voice's details, by the same names."""


class VoiceForm(BaseModel):
    name: str = Field(description="1 to 100 characters, once per key; no slash, for it stands in paths")
    model: UploadFile = Field(description="the model, a `.pth`, or a `.zip` as they are shared")
    index: UploadFile | None = Field(default=None, description="its `.index`")
    shared: bool = Field(default=False, description="whether every key may use it")


class RvcVoice(BaseModel):
    id: str
    name: str
    kind: Literal["rvc"] = "rvc"
    version: Literal["v1", "v2"]
    f0: bool
    """Whether it takes a pitch."""
    sample_rate: int
    """Hz."""
    speakers: int
    index_vectors: int
    """0: it has no index."""
    epochs: int | None
    """How long it was trained, where its maker's trainer noted it."""
    info: str
    """The note itself, such as `200epoch`; often empty."""
    size: int
    """Bytes of its files, as they are kept."""
    shared: bool
    """Whether every key may use it."""
    mine: bool
    """Whether it is the key's own, which may remove it."""
    created_at: str

    @classmethod
    def of(cls, voice: SavedVoice, key_id: str) -> Self:
        return cls(
            **{name: voice.details[name] for name in TOLD},
            id=voice.id,
            name=voice.name,
            index_vectors=voice.details["vectors"],
            shared=voice.shared,
            mine=voice.key_id == key_id,
            created_at=datetime.fromtimestamp(voice.created_at, UTC).isoformat(),
        )


@router.post(PATH, status_code=201)
async def add(
    hall: HallDependency,
    key: EitherKey,
    request: Request,
    response: Response,
    form: Annotated[VoiceForm, Form(media_type="multipart/form-data")],
) -> RvcVoice:
    """Answers once the model is checked, converted and kept. What is no voice is refused with the reason: 400."""
    spec = _spec(form)
    uploads = _uploads(form)

    def submitted() -> Job:
        if Voices(hall.database).named(spec.name, key_id=key.id):
            raise Conflict(f"There is a voice named `{spec.name}` already.", param="name")
        return accept(hall, key, spec, dialect="voxhall", interactive=True, uploads=uploads)

    made = await accepted_once(hall, key, request, partial(run_in_threadpool, submitted))
    for upload in uploads.values():
        upload.close()  # the file store has its own copy, and an import takes a while
    voice = made if isinstance(made, SavedVoice) else await _imported(hall, key, made, request)
    response.headers["Location"] = f"{PATH}/{voice.id}"
    return RvcVoice.of(voice, key.id)


@router.get(PATH)
def listing(hall: HallDependency, key: EitherKey) -> dict[str, Any]:
    """The key's own and those that others share, newest first."""
    found = Voices(hall.database).list(key_id=key.id, kind=KIND)
    return {"voices": [RvcVoice.of(voice, key.id) for voice in found], "total": len(found)}


@router.get(f"{PATH}/{{voice}}")
def read(hall: HallDependency, key: EitherKey, voice: str) -> RvcVoice:
    """One voice, by id or name: the key's own before one that is shared."""
    return RvcVoice.of(Voices(hall.database).find(voice, key_id=key.id, kind=KIND), key.id)


@router.delete(f"{PATH}/{{voice}}", status_code=204)
def remove(hall: HallDependency, key: EitherKey, voice: str) -> None:
    """Forgets the voice, by id or name, and deletes its files. Jobs that still wait for it fail. 404: not the key's."""
    found = Voices(hall.database).find(voice, key_id=key.id, kind=KIND)
    Voices(hall.database).remove(found.id, key_id=key.id)
    hall.files.delete(voice_prefix(found.id))
    forget(hall.ledger, hall.files, found.id)  # where a request might still come again for it


def _spec(form: VoiceForm) -> VoiceSpec:
    try:
        return VoiceSpec(name=form.name, shared=form.shared)
    except ValidationError as error:
        rule = "1 to 100 characters, no slash or control character, no dot at its beginning, no space at its ends"
        raise InvalidRequest(f"A voice's name has {rule}, and does not look like an id.", param="name") from error


def _uploads(form: VoiceForm) -> dict[str, BinaryIO]:
    """The job's input files. Raises `InvalidRequest` for one that is empty."""
    uploads = {"model": form.model} | ({"index": form.index} if form.index else {})
    if empty := [name for name, upload in uploads.items() if not upload.size]:
        raise InvalidRequest("The uploaded file is empty.", param=empty[0])
    return {name: upload.file for name, upload in uploads.items()}


async def _imported(hall: Hall, key: Caller, job: Job, request: Request) -> SavedVoice:
    """The voice that the job has added. However it ends, the job and what was uploaded are forgotten.

    Unless the request may come again: then only what has become a voice.

    Raises:
        JobFailed
        CallerGone
        NotFound: somebody has removed job or voice meanwhile.
    """
    if key.once:
        await shared_result_of(hall, job, request)
        voice = await run_in_threadpool(Voices(hall.database).get, job.id)
        await run_in_threadpool(forget, hall.ledger, hall.files, job.id)
        return voice
    try:
        job = await result_of(hall, job, request)
        return await run_in_threadpool(Voices(hall.database).get, (job.result or {})["voice"])
    finally:
        await run_in_threadpool(forget, hall.ledger, hall.files, job.id)
