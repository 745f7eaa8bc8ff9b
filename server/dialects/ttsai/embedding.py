"""`/v1/voice-embedding/`: a voice computed once, for clones that then start at once. It goes after a time."""

import time
import uuid
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request, UploadFile
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, Field

from jobs.ledger import Job
from jobs.specs import EmbeddingSpec, EnrolmentSpec
from jobs.submit import forget
from jobs.voices import SavedVoice
from server.accepting import accept
from server.answering import chosen
from server.asked import asked
from server.callers import BearerKey, Caller
from server.dialects.ttsai.cloning import SECONDS
from server.dialects.ttsai.ids import EMBEDDED
from server.dialects.ttsai.jobs import NAME
from server.hall import Hall, HallDependency
from server.saved_voices import dropped, enrol
from server.strict import StrictModels
from server.waiting import result_of

router = APIRouter()

DEFAULT = "chatterbox"


class EmbeddingForm(BaseModel):
    file: UploadFile = Field(description="3 s of speech or more, up to 20 MB")
    model: str = DEFAULT


@router.post("/voice-embedding/")
async def embed(
    hall: HallDependency,
    key: BearerKey,
    strict: StrictModels,
    request: Request,
    form: Annotated[EmbeddingForm, Form(media_type="multipart/form-data")],
) -> dict[str, Any]:
    """Answers the id that clones take as `embed_id`, and how long it took; `model` is the one that will speak."""
    began = time.monotonic()
    # An error of the model comes before the clip is looked at.
    await run_in_threadpool(_model, hall, form.model, None, strict)
    with asked():
        # The name is nobody's to see; nothing outlasts the setting `embedding_seconds`.
        name = f"embedding {uuid.uuid4().hex}"
        spec = EnrolmentSpec(name=name, model=form.model, lasting=False, reference_seconds=SECONDS)
    voice, _ = await enrol(hall, key, request, spec, form.file, dialect=NAME, param="file")
    try:
        model = await _embedded(hall, key, request, voice, form.model, strict)
    except BaseException:
        if key.once is None:  # else another request may have been given it, or come for it; it goes in its time
            await run_in_threadpool(dropped, hall, voice.id)
        raise
    took = round(1000 * (time.monotonic() - began))
    return {"embed_id": f"{EMBEDDED}{voice.id}", "model": model, "duration_ms": took}


async def _embedded(hall: Hall, key: Caller, request: Request, voice: SavedVoice, model: str, strict: bool) -> str:
    """The id of the model that the voice is embedded for, once it is."""

    def accepted() -> Job:
        spec = EmbeddingSpec(voice=voice.id, model=_model(hall, model, voice.details.get("seconds"), strict))
        return accept(hall, key.for_a_part(), spec, dialect=NAME, interactive=True)

    job = await run_in_threadpool(accepted)
    try:
        await result_of(hall, job, request)
    finally:
        await run_in_threadpool(forget, hall.ledger, hall.files, job.id)
    assert isinstance(job.spec, EmbeddingSpec)
    return job.spec.model


def _model(hall: Hall, asked_for: str, seconds: float | None, strict: bool) -> str:
    return chosen(hall, asked_for, verb="clone", language=None, seconds=seconds, strict=strict).id
