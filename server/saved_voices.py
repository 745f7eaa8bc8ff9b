"""Voices that callers save from a clip, and what can be done with them; every dialect's own routes end here.

A voice's clip is the truth. Its embeddings are made from it, for each model that speaks with it, and can be made anew.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any

from fastapi import Request, UploadFile
from fastapi.concurrency import run_in_threadpool

from jobs.errors import Conflict, InvalidRequest, NotFound, QuotaExceeded, Unavailable, VoxhallError
from jobs.files import REFERENCE, voice_key, voice_prefix
from jobs.keys import Key
from jobs.ledger import Job
from jobs.settings import MEBIBYTE
from jobs.specs import LONGEST_TRANSCRIPT, CloneSpec, EmbeddingSpec, EnrolmentSpec
from jobs.submit import forget, submit
from jobs.voices import SavedVoice, Voices
from server.accepting import accept
from server.answering import check_known, chosen
from server.callers import Caller
from server.cloning import DEFAULT, is_taken, plain_id, require_denoiser
from server.hall import Hall
from server.repeating import accepted_once, voice_made_before
from server.results import link
from server.uploads import readable
from server.waiting import CallerGone, result_of, shared_result_of, stay

PATH = "/voices/saved"
"""Of Voxhall's own routes."""

KIND, PASSING = "clone", "embedding"
"""Of voices that are kept, and of those that only an embedding is made of, which go after a time."""

LARGEST = 20 * MEBIBYTE
"""Bytes of a clip."""


Made = tuple[SavedVoice, dict[str, Any]]
"""A voice, and what the job that saved it says of it; nothing where an earlier request has."""


@dataclass(frozen=True, slots=True)
class Quota:
    used: int
    limit: int


async def enrol(
    hall: Hall,
    key: Caller,
    request: Request,
    spec: EnrolmentSpec,
    upload: UploadFile,
    *,
    dialect: str = "voxhall",
    limit: int = LARGEST,
    param: str = "reference",
) -> Made:
    """Saves the voice of an uploaded clip, and waits for it; the voice, and what the job says of it.

    Where the request comes again under its Idempotency-Key, it gets the voice that is there.

    Args:
        limit: bytes of the upload, where the dialect's is not `LARGEST`.
        param: the dialect's name of the file.

    Raises:
        InvalidRequest, Conflict, QuotaExceeded: before the upload is kept.
        UnreadableUpload, UploadTooLarge
        JobFailed: the clip is no reference (`bad_reference`), or cannot be kept.
        CallerGone
    """

    async def submitted() -> Job:
        await run_in_threadpool(_check_new, hall, key.id, spec)
        most = min(limit, hall.settings.max_upload_bytes)
        clip = await readable(upload, limit=most, longest=hall.settings.max_audio_seconds, param=param)
        return await run_in_threadpool(_submitted, hall, key, spec, clip, dialect)

    made = await accepted_once(hall, key, request, submitted)
    await upload.close()  # the file store has its own copy
    return await _enrolled(hall, key, request, made)


async def enrol_source(
    hall: Hall, key: Caller, request: Request, spec: EnrolmentSpec, *, dialect: str = "voxhall"
) -> Made:
    """Saves the voice of the clip at `spec.source_url`, an address that may be fetched from, and waits for it.

    Where the request comes again under its Idempotency-Key, it gets the voice that is there.

    Raises:
        InvalidRequest, Conflict, QuotaExceeded, JobFailed, CallerGone: as `enrol`.
    """

    def submitted() -> Job:
        _check_new(hall, key.id, spec)
        return accept(hall, key, spec, dialect=dialect, interactive=True)

    made = await accepted_once(hall, key, request, partial(run_in_threadpool, submitted))
    return await _enrolled(hall, key, request, made)


async def enrol_result(
    hall: Hall, key: Caller, request: Request, spec: EnrolmentSpec, job_id: str, *, dialect: str = "voxhall"
) -> Made:
    """Saves the voice that a finished job of the key has cloned or designed, from what it has spoken.

    Raises:
        NotFound: no such job of this key, or its file is gone.
        Conflict: it is not finished.
        InvalidRequest, QuotaExceeded, JobFailed, CallerGone: as `enrol`.
    """

    def submitted() -> Job:
        spoken = hall.ledger.get(job_id, key_id=key.id)
        _check_new(hall, key.id, spec)
        return _submitted_again(hall, key, spec, spoken, dialect)

    made = await accepted_once(hall, key, request, partial(run_in_threadpool, submitted))
    return await _enrolled(hall, key, request, made)


async def enrol_description(
    hall: Hall, key: Caller, request: Request, spec: EnrolmentSpec, design: CloneSpec, *, dialect: str = "voxhall"
) -> Made:
    """Has a model speak in the voice that `design` describes, which is checked, and saves that voice; waits for both.

    Where the request comes again under its Idempotency-Key, it gets the voice that is there.

    Raises:
        InvalidRequest, Conflict, QuotaExceeded, KeyReused, JobFailed, CallerGone: as `enrol`.
    """
    # The Idempotency-Key stands for what is spoken, until the voice is there, and a word of its own for the voice.
    voiced = key.for_part("voice")
    if known := await voice_made_before(hall, voiced, request):
        return known, {}
    try:
        await run_in_threadpool(_check_new, hall, key.id, spec)
        job = await run_in_threadpool(lambda: accept(hall, key, design, dialect=dialect, interactive=True))
        if key.once and (known := await voice_made_before(hall, voiced, request)):
            # The same request was done, and what was spoken for it forgotten, just before this was accepted.
            await run_in_threadpool(forget, hall.ledger, hall.files, job.id)
            return known, {}
        async with _waited(hall, key, job, request):
            made = await enrol_result(hall, voiced, request, spec, job.id, dialect=dialect)
    except (Conflict, QuotaExceeded, NotFound):
        # The same request may have saved it in between, and what was spoken for it is forgotten then.
        if known := await voice_made_before(hall, voiced, request):
            return known, {}
        raise
    if key.once:  # the voice has a word of its own now
        await run_in_threadpool(forget, hall.ledger, hall.files, job.id)
    return made


def listed(hall: Hall, key: Key) -> list[SavedVoice]:
    """The key's own, archived ones included, and those that others share and use; newest first."""
    found = Voices(hall.database).list(key_id=key.id, kind=KIND)
    return [voice for voice in found if voice.key_id == key.id or voice.archived_at is None]


def quota(hall: Hall, key: Key) -> Quota:
    return Quota(Voices(hall.database).count(key_id=key.id, kind=KIND), hall.settings.max_saved_voices)


def read(hall: Hall, key: Key, voice: str) -> SavedVoice:
    """By id, with or without dashes, or by name; one that is archived only for its own key. Raises `NotFound`."""
    return Voices(hall.database).find(plain_id(voice), key_id=key.id, kind=KIND, archived=True)


def removed(hall: Hall, key: Key, voice: str) -> SavedVoice:
    """Forgets the voice, then deletes its files; jobs that still wait for it fail. Raises `NotFound`: not the key's."""
    found = _own(hall, key, voice)
    dropped(hall, found.id)
    return found


def dropped(hall: Hall, voice_id: str) -> None:
    """Forgets the voice of this id, whosever it is and of whatever kind, and deletes its files; fine without one.

    So is the job that saved it, where a request might still come again for it.
    """
    Voices(hall.database).drop(voice_id)
    hall.files.delete(voice_prefix(voice_id))
    forget(hall.ledger, hall.files, voice_id)


def archived(hall: Hall, key: Key, voice: str) -> SavedVoice:
    """Puts the voice aside: it speaks no more, and does not count. Raises `NotFound`: not the key's."""
    return _put(hall, key, voice, archived=True)


def reactivated(hall: Hall, key: Key, voice: str) -> SavedVoice:
    """Takes an archived voice up again.

    Raises:
        NotFound: not the key's.
        QuotaExceeded: the key has as many others by now as it may have.
    """
    if _own(hall, key, voice).archived_at is not None:
        _check_quota(hall, key.id, KIND)
    return _put(hall, key, voice, archived=False)


async def preloaded(
    hall: Hall, key: Caller, request: Request, voice: str, model: str | None = None, *, strict: bool = False
) -> tuple[SavedVoice, str]:
    """Embeds the voice for a model, by default its own, and waits, so that the next request starts at once.

    The voice, and the model's id.

    Raises:
        NotFound: no voice that the key may use, or it is archived.
        UnknownModel, NotServed, ModelNotInstalled, InvalidRequest: as `chosen`.
        JobFailed, CallerGone
    """
    found = await run_in_threadpool(_usable, hall, key, voice)
    spec = await run_in_threadpool(_embedding, hall, found, model, strict)
    job = await run_in_threadpool(lambda: accept(hall, key, spec, dialect="voxhall", interactive=True))
    async with _waited(hall, key, job, request):
        return found, spec.model


def speaker(hall: Hall, voice: SavedVoice) -> str:
    """The model that speaks with it where a request names none: as it was saved, else the one that can now.

    Where none can, it is the name of the one that is tried.
    """
    try:
        named: str | None = voice.details.get("model")
        return named or _embedding(hall, voice, None, strict=False).model
    except (InvalidRequest, NotFound, Unavailable):
        return DEFAULT["clone"]


def reference_key(voice: SavedVoice) -> str:
    """The file store's key of the clip, a WAV."""
    return voice_key(voice.id, REFERENCE)


def reference_link(hall: Hall, request: Request, voice: SavedVoice) -> str:
    """A URL that serves the clip without a key, until it expires. For the voice's own key alone."""
    return link(hall, request, reference_key(voice))


def _check_new(hall: Hall, key_id: str, spec: EnrolmentSpec) -> None:
    if spec.model:
        check_known(hall, spec.model, "clone")
    if is_taken(hall, spec.name):
        raise InvalidRequest(f"`{spec.name}` is a stock voice; call yours otherwise.", param="name")
    if Voices(hall.database).named(spec.name, key_id=key_id):
        raise Conflict(f"There is a voice named `{spec.name}` already.", param="name")
    if spec.denoise:
        require_denoiser()
    _check_quota(hall, key_id, KIND if spec.lasting else PASSING)


def _check_quota(hall: Hall, key_id: str, kind: str) -> None:
    if Voices(hall.database).count(key_id=key_id, kind=kind) >= hall.settings.max_saved_voices:
        raise _full(hall, kind)


def _full(hall: Hall, kind: str) -> QuotaExceeded:
    limit = hall.settings.max_saved_voices
    if kind == KIND:
        return QuotaExceeded(f"A key may have {limit} saved voices. Remove or archive one first.")
    hours = hall.settings.embedding_seconds / 3600
    return QuotaExceeded(f"A key may have {limit} embeddings, and each goes {hours:.3g} h after it was made.")


def _submitted(hall: Hall, key: Caller, spec: EnrolmentSpec, clip: Path | IO[bytes], dialect: str) -> Job:
    uploads = {"reference": clip}
    return accept(hall, key, spec, dialect=dialect, interactive=True, uploads=uploads)


def _submitted_again(hall: Hall, key: Caller, spec: EnrolmentSpec, made: Job, dialect: str) -> Job:
    with _as_clip(hall, spec, made) as (spoken, clip):
        return _submitted(hall, key, spoken, clip, dialect)


@contextmanager
def _as_clip(hall: Hall, spec: EnrolmentSpec, made: Job) -> Iterator[tuple[EnrolmentSpec, Path]]:
    """What a job has spoken as a clip, with what is known of it. Raises `InvalidRequest`, `Conflict`."""
    if not isinstance(made.spec, CloneSpec):
        raise InvalidRequest("A voice is saved from a job that has cloned or designed one.", param="job")
    if made.state != "succeeded" or not made.result:
        raise Conflict(f"The job is {made.state}; a voice is saved from one that has succeeded.", param="job")
    with hall.files.local(made.file) as clip:
        yield _as_spoken(spec, made.spec, made.result), clip


def _as_spoken(spec: EnrolmentSpec, made: CloneSpec, result: dict[str, Any]) -> EnrolmentSpec:
    """With what is known of the clip. What is said in it is that only where no end is cut off."""
    whole = result["duration"] <= spec.reference_seconds[1] and len(made.text) <= LONGEST_TRANSCRIPT
    model = made.continued_by if made.source == "design" else made.model if made.source != "stock" else None
    return spec.model_copy(
        update={
            "text": spec.text or (made.text if whole else None),
            "language": spec.language or made.language,
            "model": spec.model or model,
            "description": spec.description or made.instruct,
            # It is as long as its text was, which nobody chose for the clip's sake.
            "cut_reference": True,
        }
    )


async def _enrolled(hall: Hall, key: Caller, request: Request, made: Job | SavedVoice) -> Made:
    """The voice that the job has saved. However it ends, the job and what was uploaded are forgotten.

    So is the voice of a caller who has hung up: nobody knows its id, and its name would be taken. Unless the request
    may come again: then it finds what is there, be it a voice, a running job or why it failed.
    """
    if isinstance(made, SavedVoice):
        return made, {}
    if key.once:
        job = await shared_result_of(hall, made, request)
        voice = await run_in_threadpool(_kept, hall, job.result or {})
        await run_in_threadpool(forget, hall.ledger, hall.files, job.id)
        return voice
    try:
        job = await result_of(hall, made, request)
        await stay(hall, job, request)
        return await run_in_threadpool(_kept, hall, job.result or {})
    except CallerGone:
        await run_in_threadpool(dropped, hall, made.id)
        raise
    finally:
        await run_in_threadpool(forget, hall.ledger, hall.files, made.id)


@asynccontextmanager
async def _waited(hall: Hall, key: Caller, job: Job, request: Request) -> AsyncIterator[None]:
    """The job has succeeded where the block begins, and is forgotten behind it, unless the request may come again.

    Raises:
        JobFailed, CallerGone
        NotFound: it was forgotten meanwhile, by the same request.
    """
    if key.once:
        await shared_result_of(hall, job, request)
        yield
        return
    try:
        await result_of(hall, job, request)
        yield
    finally:
        await run_in_threadpool(forget, hall.ledger, hall.files, job.id)


def _kept(hall: Hall, result: dict[str, Any]) -> Made:
    voice = Voices(hall.database).get(result["voice"])
    if _is_one_too_many(hall, voice):
        dropped(hall, voice.id)
        raise _full(hall, voice.kind)
    told = _warm(hall, voice) if voice.kind == KIND else []
    return voice, result | {"warnings": [*result.get("warnings", []), *told]}


def _is_one_too_many(hall: Hall, voice: SavedVoice) -> bool:
    """Several may be added at once, each when there was room: then the last ones go."""
    found = Voices(hall.database).list(key_id=voice.key_id, kind=voice.kind)
    own = [one for one in found if one.key_id == voice.key_id and one.archived_at is None]
    before = [one for one in own if (one.created_at, one.id) < (voice.created_at, voice.id)]
    return len(before) >= hall.settings.max_saved_voices


def _warm(hall: Hall, voice: SavedVoice) -> list[str]:
    """Has the voice embedded for its own model, and waits for nothing; what keeps it from speaking for now."""
    try:
        spec = _embedding(hall, voice, None, strict=False)
        submit(hall.ledger, hall.files, spec, key_id=voice.key_id, dialect="voxhall")
    except VoxhallError as error:
        return [f"The voice is saved, but cannot speak yet: {error.message}"]
    return []


def _embedding(hall: Hall, voice: SavedVoice, model: str | None, strict: bool) -> EmbeddingSpec:
    details = voice.details
    asked = model or details.get("model") or DEFAULT["clone"]
    found = chosen(
        hall, asked, verb="clone", language=details.get("language"), seconds=details.get("seconds"), strict=strict
    )
    return EmbeddingSpec(voice=voice.id, model=found.id)


def _own(hall: Hall, key: Key, voice: str) -> SavedVoice:
    return Voices(hall.database).own(plain_id(voice), key_id=key.id, kind=KIND)


def _usable(hall: Hall, key: Key, voice: str) -> SavedVoice:
    return Voices(hall.database).find(plain_id(voice), key_id=key.id, kind=KIND)


def _put(hall: Hall, key: Key, voice: str, *, archived: bool) -> SavedVoice:
    voices = Voices(hall.database)
    found = _own(hall, key, voice)
    voices.archive(found.id, key_id=key.id, archived=archived)
    return voices.get(found.id)
