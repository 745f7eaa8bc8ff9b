"""`/v1/jobs/text-to-speech`: a text in a saved voice or a stock one."""

from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from jobs.specs import SpeechSpec
from server.accepting import accept
from server.asked import asked
from server.callers import AnyFormKey
from server.cloning import engine_headers, spoken
from server.dialects.hamsa.jobs import NAME, answer
from server.hall import HallDependency
from server.strict import StrictModels

router = APIRouter()


class TextToSpeech(BaseModel):
    voice_id: str = Field(alias="voiceId", min_length=1, description="id or name of a saved voice, or a stock voice")
    text: str


@router.post("/v1/jobs/text-to-speech")
def create(
    hall: HallDependency,
    key: AnyFormKey,
    strict: StrictModels,
    body: TextToSpeech,
    request: Request,
    response: Response,
) -> dict[str, Any]:
    """Accepts a text; poll `GET /v1/jobs?jobId=` until it is `COMPLETED`. The audio is a WAV."""
    with asked():
        spec = SpeechSpec(text=body.text, voice=body.voice_id, format="wav")
    checked = spoken(hall, spec, key.id, strict=strict)
    response.headers.update(engine_headers(checked))
    return answer(hall, request, accept(hall, key, checked, dialect=NAME))
