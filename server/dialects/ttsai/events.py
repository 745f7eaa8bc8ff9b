"""Speech as server-sent events, while it is spoken. TTS.ai documents no format of them: this one is ours.

`start`, then `audio` for each piece, then `done`; `error` is the last one where the job fails on the way.
"""

import base64
import json
from collections.abc import AsyncIterator
from typing import Any

from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from starlette.responses import Response

from audio.formats import FORMATS, Format, format_named
from jobs.errors import InvalidRequest, VoxhallError
from jobs.ledger import Job
from jobs.specs import CloneSpec, SpeechSpec
from jobs.webhooks import Webhook
from server.accepting import accept
from server.callers import Caller
from server.dialects.base import status_of
from server.dialects.ttsai.errors import error as rendered
from server.dialects.ttsai.ids import dashed
from server.dialects.ttsai.jobs import NAME, headers, queued
from server.event_stream import PIECE, Event, EventStream
from server.hall import Hall
from server.streaming import first_segment, stream


async def answer(
    hall: Hall, caller: Caller, spec: SpeechSpec | CloneSpec, request: Request, webhook: Webhook | None
) -> Response:
    """The events of a job that is made of the spec.

    Raises:
        InvalidRequest: the format cannot be played before it is whole.
        JobFailed: before its first sound; later it is an event.
        CallerGone
    """
    form = format_named(spec.format)
    if not form.streamable:
        able = ", ".join(each.name for each in FORMATS.values() if each.streamable)
        raise InvalidRequest(f"`{form.name}` cannot be streamed; these can: {able}.", param="format")

    def accepted() -> Job:
        return accept(hall, caller, spec, dialect=NAME, interactive=True, webhook=webhook)

    job = await run_in_threadpool(accepted)
    await first_segment(hall, job, request)
    audio = stream(hall, job, form, request)
    return EventStream(hall, job, _events(hall, caller, job, audio, request), headers(job), failed=_failed)


async def _events(
    hall: Hall, caller: Caller, job: Job, audio: AsyncIterator[bytes], request: Request
) -> AsyncIterator[Event]:
    """The pieces of all `audio` events together are one stream of the format."""
    assert isinstance(job.spec, SpeechSpec | CloneSpec)
    form, index = format_named(job.spec.format), 0
    yield {"type": "start", "uuid": job.id, "job_id": dashed(job.id), **_shape(hall, job.spec, form)}
    async for encoded in audio:
        for start in range(0, len(encoded), PIECE):
            piece = base64.b64encode(encoded[start : start + PIECE]).decode()
            yield {"type": "audio", "index": index, "format": form.name, "audio": piece}
            index += 1
    yield {"type": "done", "chunks": index, **await run_in_threadpool(_done, hall, caller, job, request)}


def _shape(hall: Hall, spec: SpeechSpec | CloneSpec, form: Format) -> dict[str, Any]:
    rate = form.output_rate(hall.catalog.model(spec.model).sample_rate or 0)
    return {"model": spec.model, "format": form.name, "media_type": form.media_type, "sample_rate": rate}


def _done(hall: Hall, caller: Caller, job: Job, request: Request) -> dict[str, Any]:
    return queued(hall, request, caller, hall.ledger.get(job.id))


def _failed(error: VoxhallError) -> Event:
    body = json.loads(bytes(rendered(error, status_of(error)).body))
    return {"type": "error", "status": "failed", **body}
