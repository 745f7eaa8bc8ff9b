"""Transcripts and their prices: the unified path of each version, and those of version 1 for each kind of source."""

from typing import Any, BinaryIO

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from starlette.responses import JSONResponse

from jobs.errors import InvalidRequest
from jobs.specs import TranscriptionSpec
from server.accepting import accept
from server.asked import asked
from server.callers import BearerKey
from server.dialects.deapi import bodies
from server.dialects.deapi.announcing import announced
from server.dialects.deapi.bodies import Answered, Finer, Heard, check_together
from server.dialects.deapi.jobs import accepted
from server.dialects.deapi.money import quoted
from server.dialects.deapi.names import NAME, language_of, listener_of
from server.dialects.deapi.sources import address, job_type_of_address, uploaded
from server.dialects.deapi.transcripts import Rendering
from server.forms import openapi_of, parsed
from server.hall import Hall, HallDependency
from server.installed import installed, pull
from server.pricing import credits_of
from server.strict import StrictModels
from server.transcription import DIARIZER, checked_transcription

router = APIRouter()

JOBS: dict[str, type[Heard]] = {
    "/api/v1/client/transcribe": bodies.Transcribe,
    "/api/v1/client/vid2txt": bodies.VideoUrl,
    "/api/v1/client/aud2txt": bodies.AudioUrl,
    "/api/v1/client/audiofile2txt": bodies.AudioFile,
    "/api/v1/client/videofile2txt": bodies.VideoFile,
    "/api/v2/audio/transcriptions": bodies.Transcription,
}
PRICES: dict[str, type[Heard]] = {
    "/api/v1/client/transcribe/price-calculation": bodies.TranscribePrice,
    "/api/v1/client/vid2txt/price-calculation": bodies.VideoUrlPrice,
    "/api/v1/client/aud2txt/price-calculation": bodies.AudioUrlPrice,
    "/api/v1/client/audiofile2txt/price-calculation": bodies.AudioFilePrice,
    "/api/v1/client/videofile2txt/price-calculation": bodies.VideoFilePrice,
    "/api/v2/audio/transcriptions/price": bodies.TranscriptionPrice,
}


async def transcribe(hall: HallDependency, key: BearerKey, strict: StrictModels, request: Request) -> JSONResponse:
    """Accepts a recording, or the address of one; poll the job until it is `done`."""
    async with parsed(request, JOBS[request.scope["route"].path]) as body:
        assert isinstance(body, Answered)
        file, _, found = await _source(hall, body)
        spec = await run_in_threadpool(_checked, hall, body, found, strict)
        uploads = {"audio": file} if file else {}

        def submitted() -> dict[str, Any]:
            hook = announced(hall, request, body)
            return accepted(accept(hall, key, spec, dialect=NAME, uploads=uploads, webhook=hook))

        return JSONResponse(await run_in_threadpool(submitted), headers={"X-Voxhall-Model": spec.model})


async def price(hall: HallDependency, _key: BearerKey, strict: StrictModels, request: Request) -> dict[str, Any]:
    """What a transcript would cost, in USD. An estimate where the length of the recording is not known."""
    async with parsed(request, PRICES[request.scope["route"].path]) as body:
        _, seconds, found = await _source(hall, body)
        spec = await run_in_threadpool(_checked, hall, body, found, strict)
    return quoted(hall, credits_of(hall, spec, seconds), is_estimated=seconds is None)


for path, kind in JOBS.items():
    router.add_api_route(path, transcribe, methods=["POST"], openapi_extra=openapi_of(kind))
for path, kind in PRICES.items():
    router.add_api_route(path, price, methods=["POST"], openapi_extra=openapi_of(kind))


async def _source(hall: Hall, body: Heard) -> tuple[BinaryIO | None, float | None, dict[str, str]]:
    """The upload, its seconds where they are known, and what the spec says of the source."""
    check_together(body)
    field = body.source
    said = getattr(body, field)
    if field == "duration_seconds":
        return None, said, {}
    if field.endswith("_url"):
        url = await address(hall, said, field)
        return None, None, {"source_url": url, "job_type": job_type_of_address(url, field)}
    found = await uploaded(hall, said, field)
    return found.file, found.seconds, {"job_type": found.job_type}


def _checked(hall: Hall, body: Heard, found: dict[str, str], strict: bool) -> TranscriptionSpec:
    finer = body if isinstance(body, Finer) else Finer(model=body.model, include_ts=body.include_ts)
    inline = isinstance(body, Answered) and body.return_result_in_response
    if finer.diarize and not installed(hall, hall.catalog.model(DIARIZER)):
        raise InvalidRequest(f"The model that tells speakers apart is not installed. {pull(DIARIZER)}", param="diarize")
    rendering = Rendering.of(finer, inline=inline, job_type=found.get("job_type", ""))
    with asked():
        spec = TranscriptionSpec(
            model=listener_of(hall, body.model, strict=strict),
            language=language_of(finer.lang),
            word_times=rendering.times == "word",
            diarize=finer.diarize,
            source_url=found.get("source_url"),
            rendering=rendering.model_dump(),
        )
    return checked_transcription(hall, spec)
