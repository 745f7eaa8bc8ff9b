"""How a stock voice sounds: a sentence that it speaks when first somebody wants to hear it, and that is kept."""

import hashlib
import time

from fastapi.concurrency import run_in_threadpool
from sqlalchemy.exc import IntegrityError

from jobs.errors import NotFound, Unavailable
from jobs.ledger import Job
from jobs.queue import wake
from jobs.specs import CloneSpec, SpeechSpec
from models.catalog import Model, Voice
from server.cloning import spoken
from server.hall import Hall
from server.installed import complete
from server.waiting import Connection, shared_result_of

KEY = "voice previews"
"""Name of the server's own key that the jobs are kept under."""

PATIENCE = 60.0
"""Seconds after which a preview that failed is tried again."""

DIALECT = "voxhall"


def previewed(hall: Hall) -> list[tuple[Model, Voice]]:
    """Every stock voice that can speak now, with its model."""
    performers = [model for model in hall.catalog.of_kind("cloning") if "stock" in model.verbs]
    here = [model for model in (*hall.catalog.of_kind("speech"), *performers) if complete(hall, model)]
    return [(model, voice) for model in here for voice in model.voices.values() if _speaks(model, voice)]


async def preview(hall: Hall, model: Model, voice: Voice, sentence: str, connection: Connection) -> Job:
    """The job that has spoken the voice's MP3, once it has. Of all that ask at once, in any process, one begins it.

    Raises:
        JobFailed: also for a minute after it has failed.
        InvalidRequest, Unavailable: the voice cannot speak.
        CallerGone
    """
    job = await run_in_threadpool(_begun, hall, model, voice, sentence)
    try:
        return await shared_result_of(hall, job, connection)
    except NotFound as error:
        raise Unavailable("The preview was deleted while it was spoken; ask again.") from error


def _begun(hall: Hall, model: Model, voice: Voice, sentence: str) -> Job:
    job_id = _id(model, voice, sentence)
    try:
        job = hall.ledger.get(job_id)
        if not _is_lost(hall, job):
            return job
        hall.ledger.delete_ended(job)
    except NotFound:
        pass  # the first who asks, or another has just deleted it
    return _new(hall, job_id, _spec(hall, model, voice, sentence))


def _new(hall: Hall, job_id: str, spec: SpeechSpec | CloneSpec) -> Job:
    own = hall.keys.own(KEY)
    try:
        # Nobody's device time is held up: a page of voices asks for dozens at once.
        job = hall.ledger.add(job_id=job_id, key_id=own.id, dialect=DIALECT, spec=spec, interactive=False)
    except IntegrityError:
        return hall.ledger.get(job_id)
    wake(spec.queues[0])
    return job


def _spec(hall: Hall, model: Model, voice: Voice, sentence: str) -> SpeechSpec | CloneSpec:
    wanted = SpeechSpec(text=sentence, voice=voice.id, model=model.id, format="mp3")
    return spoken(hall, wanted, hall.keys.own(KEY).id)


def _is_lost(hall: Hall, job: Job) -> bool:
    """Whether it must be spoken anew."""
    if job.expired_at:
        return True
    if job.state == "succeeded":
        file = job.file
        return file not in hall.files.list(f"{file.rpartition('/')[0]}/")
    return job.done and (job.finished_at or 0.0) + PATIENCE < time.time()


def _id(model: Model, voice: Voice, sentence: str) -> str:
    """The same in every process: that a job's id is there once is what makes two requests one job."""
    return hashlib.sha256(f"preview {model.id} {voice.id} {sentence}".encode()).hexdigest()[:32]


def _speaks(model: Model, voice: Voice) -> bool:
    return not model.languages or voice.language in model.languages
