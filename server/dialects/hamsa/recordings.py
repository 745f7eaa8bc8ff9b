"""A recording inside a JSON message, and what is said in it."""

import base64
import binascii
from io import BytesIO
from typing import BinaryIO

import numpy as np
from fastapi import UploadFile
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, Field, FiniteFloat

from audio.encode import encode
from audio.formats import format_named
from jobs.errors import InvalidRequest
from jobs.ledger import Job
from server.accepting import accept
from server.callers import Caller
from server.dialects.hamsa.jobs import NAME
from server.dialects.hamsa.transcription import GENERAL, listening_spec
from server.dialects.hamsa.wire import RATE
from server.forms import validated
from server.hall import Hall
from server.results import transcript
from server.uploads import readable
from server.waiting import Connection, result_of

MOST_SAMPLES = 60 * RATE
TOO_MANY = f"It has more than {MOST_SAMPLES:,} samples, which are 60 s; send a longer recording as `audioBase64`."
OTHER_COMMAS = 1_000
"""Room in a message for what is no sample."""


class Recording(BaseModel):
    audio_base64: str | None = Field(default=None, alias="audioBase64", description="a WAV, or any other audio file")
    audio_list: list[FiniteFloat] | None = Field(
        default=None,
        alias="audioList",
        max_length=MOST_SAMPLES,
        description="samples of 16 kHz from -1 to 1, for up to 60 s",
    )
    language: str = Field(default="ar", description="`ar`, `en`, or another code that the model knows")
    is_eos_enabled: bool = Field(default=False, alias="isEosEnabled", description="ignored: all is transcribed")
    eos_threshold: float = Field(default=0.3, ge=0, le=1, alias="eosThreshold", description="ignored")


def check_size(commas: int) -> None:
    """Before a message is parsed, for a list of millions would hold up all other callers.

    Base64 has no commas, so it may be as long as any upload. Raises `InvalidRequest`.
    """
    if commas > MOST_SAMPLES + OTHER_COMMAS:
        raise InvalidRequest(TOO_MANY, param="audioList")


def parsed(body: bytes) -> Recording:
    """Raises `RequestValidationError`, `InvalidRequest`."""
    check_size(body.count(b","))
    return validated(Recording, body)


async def heard(hall: Hall, key: Caller, connection: Connection, recording: Recording) -> str:
    """The text; empty where nobody speaks.

    Raises:
        InvalidRequest: and its kinds: there is no recording, or no audio in it.
        UploadTooLarge, Unavailable, JobFailed, CallerGone
    """
    audio = await run_in_threadpool(_audio, recording)
    param = "audioList" if recording.audio_base64 is None else "audioBase64"
    upload = UploadFile(BytesIO(audio), size=len(audio))
    limit = hall.settings.max_upload_bytes
    file = await readable(upload, limit=limit, longest=hall.settings.max_audio_seconds, param=param)

    job = await run_in_threadpool(_accepted, hall, key, recording.language, file)
    job = await result_of(hall, job, connection)
    text: str = (await transcript(hall, job))["text"]
    return text.strip()


def _accepted(hall: Hall, key: Caller, language: str, audio: BinaryIO) -> Job:
    spec = listening_spec(hall, GENERAL, language)
    return accept(hall, key, spec, dialect=NAME, interactive=True, uploads={"audio": audio})


def _audio(recording: Recording) -> bytes:
    """The bytes of an audio file; which none may be."""
    if recording.audio_base64 is not None:
        try:
            return base64.b64decode(recording.audio_base64.rpartition(",")[2], validate=True)
        except (binascii.Error, ValueError) as error:
            raise InvalidRequest("It is not Base64.", param="audioBase64") from error
    if not recording.audio_list:
        raise InvalidRequest("Send a recording as `audioBase64`, or as `audioList`.", param="audioBase64")
    return encode(np.clip(recording.audio_list, -1, 1).astype(np.float32), RATE, format_named("wav"))
