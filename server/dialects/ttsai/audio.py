"""A job's audio as the answer itself, for a caller who waits."""

from fastapi import Request
from starlette.responses import Response

from audio.formats import format_named
from jobs.ledger import Job
from server.dialects.ttsai.jobs import headers
from server.hall import Hall
from server.results import file_response
from server.streaming import AudioStream, first_segment
from server.waiting import result_of
from server.warned import warned


async def streamed(hall: Hall, job: Job, form: str, request: Request) -> Response:
    """MP3 segment by segment as it is spoken; the others whole, for their headers then tell how long they are."""
    if form != "mp3":
        return await whole(hall, job, request)
    # The status is sent with the first segment: an error before it is still an error.
    await first_segment(hall, job, request)
    return AudioStream(hall, job, format_named(form), request, headers(job))


async def whole(hall: Hall, job: Job, request: Request) -> Response:
    """The stored file. Raises `JobFailed`, `CallerGone`."""
    job = await result_of(hall, job, request)
    result = job.result or {}
    said = headers(job) | warned(result.get("warnings", ()))
    return file_response(hall, job.file, result["media_type"], said)
