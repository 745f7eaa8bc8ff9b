"""A result on the wire while its job still runs: stored segments; those of audio encoded as one stream.

Segments have their time, and a request may come again after it: then it is the stored result.
"""

import io
import json
import logging
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Any

from fastapi.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from audio.decode import decode
from audio.encode import Encoder
from audio.formats import Format, format_named
from audio.pcm import from_f32
from jobs.errors import JobFailed, NotFound
from jobs.files import segment_key
from jobs.ledger import Job
from jobs.specs import AnySpec, CloneSpec, SpeechSpec, TranscriptionSpec
from server.first_audio import note_first_audio
from server.hall import Hall
from server.results import transcript
from server.waiting import CallerGone, Connection, leave, stay, succeeded

log = logging.getLogger(__name__)


class AudioStream(StreamingResponse):
    """A stream that is broken off where its job fails or is deleted, so that no client takes half of the audio for all.

    Without the last, empty chunk the server closes the connection, and the client sees an incomplete answer.
    """

    def __init__(
        self, hall: Hall, job: Job, audio_format: Format, request: Connection, headers: dict[str, str]
    ) -> None:
        content = stream(hall, job, audio_format, request)
        super().__init__(content, media_type=audio_format.media_type, headers=headers)
        self._hall = hall
        self._job = job

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            # A caller who hangs up ends the answer without a word to `stream`.
            await leave(self._hall, self._job)

    async def stream_response(self, send: Send) -> None:
        try:
            await super().stream_response(send)
        except (JobFailed, NotFound, CallerGone) as error:
            log.warning("stream broken off", extra={"job": self._job.id, "reason": type(error).__name__})


async def first_segment(hall: Hall, job: Job, request: Connection) -> None:
    """Returns when the first segment is stored, or the job has succeeded without one (a transcript of silence).

    Raises:
        JobFailed
        CallerGone
    """
    if not await _outlived(hall, job):
        async with aclosing(segments(hall, job, request)) as parts:
            await anext(parts, None)


async def stream(hall: Hall, job: Job, audio_format: Format, request: Connection) -> AsyncIterator[bytes]:
    """Encoded audio of a job that speaks as it is rendered, for an `AudioStream`.

    Raises:
        JobFailed: in the middle of it.
        CallerGone
    """
    assert isinstance(job.spec, SpeechSpec | CloneSpec)
    rate = hall.catalog.model(job.spec.model).sample_rate or 0
    if await _outlived(hall, job):
        yield await run_in_threadpool(_file, hall, job, audio_format, rate)
        return
    encoder = Encoder(audio_format, rate, stream=True)
    async for raw in segments(hall, job, request):
        if encoded := await run_in_threadpool(encoder.write, from_f32(raw)):
            yield encoded
    yield await run_in_threadpool(encoder.close)


async def parts(hall: Hall, job: Job, request: Connection) -> AsyncIterator[dict[str, Any]]:
    """The segments of a transcript, as they are found.

    Raises:
        JobFailed
        NotFound: the job was deleted.
        CallerGone
    """
    if await _outlived(hall, job):
        for part in (await transcript(hall, job))["segments"]:
            yield part
        return
    async for raw in segments(hall, job, request):
        yield json.loads(raw)


async def segments(hall: Hall, job: Job, request: Connection) -> AsyncGenerator[bytes, None]:
    """The job's stored segments in order, until it has succeeded: float32 mono samples, or parts of a transcript.

    Raises:
        JobFailed
        NotFound: the job, or a segment that had its time, was deleted.
        CallerGone
    """
    index = 0
    async for event in hall.events.follow(job.id):
        if event is not None and event.kind == "progress":
            await stay(hall, job, request)  # nothing to read: a segment's own event comes with it
            continue
        if event is None or event.kind == "state":
            job = await run_in_threadpool(hall.ledger.get, job.id)
        while (raw := await _stored(hall, job, index)) is not None:
            if index == 0:
                note_first_audio(hall, job, request)
            yield raw
            index += 1
        if job.done:
            if index < (succeeded(job).result or {}).get("segments", 0):
                raise NotFound("The segments are no longer kept.")
            return
        await stay(hall, job, request)


async def _outlived(hall: Hall, job: Job) -> bool:
    """Whether the job had succeeded when the request came, and its segments have gone since: its file alone is left."""
    return job.state == "succeeded" and await _stored(hall, job, 0) is None


def _file(hall: Hall, job: Job, audio_format: Format, rate: int) -> bytes:
    """The stored file, or what it says in a format that is only streamed."""
    assert isinstance(job.spec, SpeechSpec | CloneSpec)
    content = hall.files.get(job.file)
    if audio_format == format_named(job.spec.format):
        return content
    encoder = Encoder(audio_format, rate, stream=True)
    # Here, in this process: the file is our own encoder's.
    return encoder.write(decode(io.BytesIO(content), rate).samples) + encoder.close()


async def _stored(hall: Hall, job: Job, index: int) -> bytes | None:
    try:
        return await run_in_threadpool(hall.files.get, segment_key(job.id, _position(job.spec), index))
    except NotFound:
        return None


def _position(spec: AnySpec) -> int:
    """Of the step whose segments the caller shall have."""
    match spec:
        case CloneSpec():
            return spec.spoken_at
        case TranscriptionSpec():
            return spec.heard_at
    return 0
