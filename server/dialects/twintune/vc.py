"""`/v1/inferences-vc` and `/v1/models-vc`: conversion into the voices that this server's callers have added."""

from typing import Annotated, Any

from fastapi import APIRouter, File, Query, Request, UploadFile
from fastapi.concurrency import run_in_threadpool

from jobs.errors import UnknownVoice
from jobs.settings import MEBIBYTE
from jobs.specs import ConversionSpec
from jobs.voices import SavedVoice, Voices
from server.accepting import accept
from server.callers import HeaderKey
from server.conversion import checked_conversion
from server.dialects.twintune.inferences import (
    NAME,
    PageNumber,
    PageSize,
    inference,
    listing,
    one,
    paginated,
    time,
)
from server.hall import Hall, HallDependency
from server.uploads import readable

router = APIRouter()

LARGEST = 50 * MEBIBYTE
CONTAINERS = ("wav", "mp3", "flac")

ModelId = Annotated[str, Query(alias="modelId", min_length=1, max_length=100, description="a model of `/v1/models-vc`")]
Recording = Annotated[UploadFile, File(alias="audioInfer", description="wav, mp3 or flac, up to 50 MB")]
IndexRate = Annotated[float, Query(alias="indexRate", ge=0, le=1)]
RmsMixRate = Annotated[float, Query(alias="rmsMixRate", ge=0, le=1)]
FilterRadius = Annotated[int, Query(alias="filterRadius", ge=0, le=7)]


@router.post("/v1/inferences-vc")
async def create(
    hall: HallDependency,
    key: HeaderKey,
    request: Request,
    model_id: ModelId,
    audio: Recording,
    index_rate: IndexRate = 0.76,
    rms_mix_rate: RmsMixRate = 1.0,
    filter_radius: FilterRadius = 3,
) -> dict[str, Any]:
    """Accepts a recording, whose content decides what it is; poll the inference until `inferenceUrl` is there."""
    asked = ConversionSpec(
        voice=model_id, index_rate=index_rate, rms_mix_rate=rms_mix_rate, filter_radius=filter_radius
    )
    spec = await run_in_threadpool(_checked, hall, asked, key.id)
    limit = min(LARGEST, hall.settings.max_upload_bytes)
    file = await readable(
        audio, limit=limit, longest=hall.settings.max_audio_seconds, param="audioInfer", containers=CONTAINERS
    )
    job = await run_in_threadpool(lambda: accept(hall, key, spec, dialect=NAME, uploads={"audio": file}))
    return inference(hall, request, job)


@router.get("/v1/inferences-vc/{inference_id}")
def read(hall: HallDependency, key: HeaderKey, inference_id: str, request: Request) -> dict[str, Any]:
    """One inference; `inferenceUrl` works for five hours from now."""
    return inference(hall, request, one(hall, key, inference_id, ("conversion",)))


@router.get("/v1/inferences-vc")
def page(
    hall: HallDependency, key: HeaderKey, request: Request, page: PageNumber = 1, per_page: PageSize = 10
) -> dict[str, Any]:
    """Newest first."""
    return listing(hall, request, key, ("conversion",), page=page, per_page=per_page)


@router.get("/v1/models-vc")
def models(
    hall: HallDependency, key: HeaderKey, request: Request, page: PageNumber = 1, per_page: PageSize = 10
) -> dict[str, Any]:
    """The voices that `modelId` may be, newest first."""
    voices = Voices(hall.database).list(key_id=key.id, kind="rvc")
    here = [_model(voice) for voice in voices[(page - 1) * per_page : page * per_page]]
    return paginated(hall, request, here, total=len(voices), page=page, per_page=per_page)


def _checked(hall: Hall, spec: ConversionSpec, key_id: str) -> ConversionSpec:
    try:
        return checked_conversion(hall, spec, key_id)
    except UnknownVoice as error:
        message = f"There is no model `{spec.voice[:60]}`. `GET /v1/models-vc` lists them."
        raise UnknownVoice(message, param="modelId") from error


def _model(voice: SavedVoice) -> dict[str, Any]:
    return {"modelId": voice.id, "name": voice.name, "createdAt": time(voice.created_at)}
