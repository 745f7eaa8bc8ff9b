"""`/v1/inferences-tts`."""

from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from jobs.specs import SpeechSpec
from server.accepting import accept
from server.asked import asked
from server.callers import HeaderKey
from server.cloning import engine_headers, spoken
from server.dialects.twintune.errors import LONGEST
from server.dialects.twintune.inferences import NAME, Kind, PageNumber, PageSize, inference, listing, one
from server.hall import HallDependency
from server.strict import StrictModels

router = APIRouter()

KINDS: tuple[Kind, ...] = ("speech", "clone")


class Inference(BaseModel):
    tts_text: str = Field(max_length=LONGEST)
    tts_voice: str


@router.post("/v1/inferences-tts")
def create(
    hall: HallDependency, key: HeaderKey, strict: StrictModels, body: Inference, request: Request, response: Response
) -> dict[str, Any]:
    """Accepts a text of up to 1,000 characters; poll the inference until `inferenceUrl` is there.

    `tts_voice` is a stock voice, or one of `/voices/saved`.
    """
    with asked():
        spec = SpeechSpec(text=body.tts_text, voice=body.tts_voice)
    checked = spoken(hall, spec, key.id, strict=strict, longest=LONGEST)
    response.headers.update(engine_headers(checked))
    return inference(hall, request, accept(hall, key, checked, dialect=NAME))


@router.get("/v1/inferences-tts/{inference_id}")
def read(hall: HallDependency, key: HeaderKey, inference_id: str, request: Request) -> dict[str, Any]:
    """One inference; `inferenceUrl` works for five hours from now."""
    return inference(hall, request, one(hall, key, inference_id, KINDS))


@router.get("/v1/inferences-tts")
def page(
    hall: HallDependency, key: HeaderKey, request: Request, page: PageNumber = 1, per_page: PageSize = 10
) -> dict[str, Any]:
    """Newest first."""
    return listing(hall, request, key, KINDS, page=page, per_page=per_page)
