"""What a transcription job was asked for beside its spec, kept with its input files, as Hamsa alone reads it."""

from collections.abc import Mapping
from io import BytesIO
from typing import IO

from pydantic import BaseModel, Field, ValidationError

from jobs.errors import NotFound
from jobs.files import input_key
from jobs.ledger import Job
from outbound.webhooks.hamsa import ASKED_FOR
from server.dialects.hamsa.subtitles import SrtOptions
from server.hall import Hall


class AskedFor(BaseModel):
    title: str | None = None
    model: str | None = None
    processing_type: str = "async"
    srt: SrtOptions | None = Field(default=None, description="none: no subtitles were asked for")


def as_upload(asked_for: AskedFor) -> Mapping[str, IO[bytes]]:
    """An input file of the job, so that it is stored before the job is, and goes with it."""
    return {ASKED_FOR: BytesIO(asked_for.model_dump_json(by_alias=True).encode())}


def asked_for(hall: Hall, job: Job) -> AskedFor:
    """The defaults, where nothing more was asked for."""
    try:
        return AskedFor.model_validate_json(hall.files.get(input_key(job.id, ASKED_FOR)))
    except (NotFound, ValidationError):
        return AskedFor()
