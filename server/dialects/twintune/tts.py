"""`/v1/inferences-tts`."""

from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel

from jobs.specs import SpeechSpec
from jobs.submit import submit
from server.asked import asked
from server.callers import HeaderKey
from server.dialects.twintune.errors import LONGEST
from server.dialects.twintune.inferences import NAME, PageNumber, PageSize, inference, listing, one
from server.hall import HallDependency
from server.speech import checked_speech

router = APIRouter()


class Inference(BaseModel):
    tts_text: str
    tts_voice: str


@router.post("/v1/inferences-tts")
def create(hall: HallDependency, key: HeaderKey, body: Inference, request: Request) -> dict[str, Any]:
    """Accepts a text of up to 1,000 characters; poll the inference until `inferenceUrl` is there."""
    with asked():
        spec = SpeechSpec(text=body.tts_text, voice=body.tts_voice)
    spec = checked_speech(hall, spec, longest=LONGEST)
    return inference(hall, request, submit(hall.ledger, hall.files, spec, key_id=key.id, dialect=NAME))


@router.get("/v1/inferences-tts/{inference_id}")
def read(hall: HallDependency, key: HeaderKey, inference_id: str, request: Request) -> dict[str, Any]:
    """One inference; `inferenceUrl` works for five hours from now."""
    return inference(hall, request, one(hall, key, inference_id, "speech"))


@router.get("/v1/inferences-tts")
def page(
    hall: HallDependency, key: HeaderKey, request: Request, page: PageNumber = 1, per_page: PageSize = 10
) -> dict[str, Any]:
    """Newest first."""
    return listing(hall, request, key, "speech", page=page, per_page=per_page)
