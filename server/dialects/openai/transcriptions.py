"""`POST /audio/transcriptions`: a file in, its text out, in every `response_format` of Whisper's."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Form, Request, UploadFile
from fastapi.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, PlainTextResponse, Response

from jobs.errors import InvalidRequest
from jobs.specs import TranscriptionSpec
from jobs.submit import submit
from server.asked import asked
from server.callers import BearerKey
from server.dialects.openai.names import is_transcription_alias
from server.hall import HallDependency
from server.results import transcript
from server.transcription import best_transcriber, checked_transcription
from server.transcripts import MEDIA_TYPES, plain, words
from server.uploads import readable
from server.waiting import result_of

router = APIRouter()

Granularity = Literal["word", "segment"]


@router.post("/v1/audio/transcriptions", response_class=Response)
async def transcribe(
    hall: HallDependency,
    key: BearerKey,
    request: Request,
    file: UploadFile,
    model: Annotated[str, Form()],
    language: Annotated[str | None, Form()] = None,
    prompt: Annotated[str | None, Form()] = None,
    response_format: Annotated[Literal["json", "text", "srt", "verbose_json", "vtt"], Form()] = "json",
    temperature: Annotated[float | None, Form(ge=0, le=1)] = None,
    stream: Annotated[bool, Form()] = False,
    granularities: Annotated[list[Granularity] | None, Form(alias="timestamp_granularities[]")] = None,
) -> Response:
    """What was read although the file broke off is said in the header `x-voxhall-warning`."""
    if stream:
        raise InvalidRequest("Transcripts are not streamed yet; leave `stream` out.", param="stream")
    with asked():
        spec = TranscriptionSpec(
            model=best_transcriber(hall) if is_transcription_alias(model) else model,
            language=language,
            word_times="word" in (granularities or ()),
            prompt=prompt,
            # OpenAI documents 0 as "raise it as needed", which is what Whisper does when no temperature is given.
            temperature=temperature or None,
        )
    spec = checked_transcription(hall, spec)
    audio = await readable(file, limit=hall.settings.max_upload_bytes)
    uploads = {"audio": audio}
    job = await run_in_threadpool(
        lambda: submit(
            hall.ledger, hall.files, spec, key_id=key.id, dialect="openai", interactive=True, uploads=uploads
        )
    )
    job = await result_of(hall, job, request)
    content = await transcript(hall, job)
    headers = {"x-voxhall-job": job.id}
    if content["warnings"]:
        headers["x-voxhall-warning"] = " ".join(content["warnings"])
    return _render(content, response_format, granularities or ["segment"], headers)


def _render(content: dict[str, Any], form: str, granularities: list[Granularity], headers: dict[str, str]) -> Response:
    if form in MEDIA_TYPES:
        return PlainTextResponse(plain(content, form), media_type=MEDIA_TYPES[form], headers=headers)
    usage = {"type": "duration", "seconds": round(content["duration"])}
    if form == "json":
        return JSONResponse({"text": content["text"], "usage": usage}, headers=headers)
    verbose = {
        "task": "transcribe",
        "language": content["language"] or "unknown",
        "duration": content["duration"],
        "text": content["text"],
        "usage": usage,
    }
    if "segment" in granularities:
        verbose["segments"] = [_segment(part) for part in content["segments"]]
    if "word" in granularities:
        verbose["words"] = words(content)
    return JSONResponse(verbose, headers=headers)


def _segment(part: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in part.items() if name != "words"}
