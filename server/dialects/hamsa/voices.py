"""`/v2/tts/voices`: the voices that a caller has saved, made ready to speak."""

from typing import Any, NoReturn

from fastapi import APIRouter, Request
from pydantic import AliasChoices, BaseModel, Field

from jobs.errors import InvalidRequest
from server.callers import AnyFormKey
from server.hall import HallDependency
from server.saved_voices import preloaded
from server.strict import StrictModels

router = APIRouter()


class Preload(BaseModel):
    voice_id: str = Field(
        validation_alias=AliasChoices("voiceId", "voice_id"), min_length=1, description="id or name of a saved voice"
    )


@router.post("/v2/tts/voices/custom/preload")
async def preload(
    hall: HallDependency, key: AnyFormKey, strict: StrictModels, body: Preload, request: Request
) -> dict[str, Any]:
    """Computes what the voice's model needs to speak with it, and waits, so that the next job starts at once."""
    await preloaded(hall, key, request, body.voice_id, strict=strict)
    return {"success": True, "message": "Custom voice have been preloaded successfully", "data": []}


@router.post("/v2/tts/voices", response_model=None)
def create(_key: AnyFormKey) -> NoReturn:
    """Refused: the clip is at a URL, and this server fetches nothing. `POST /voices/saved` takes the clip itself."""
    raise InvalidRequest("This server fetches no URLs. Upload the clip itself: `POST /voices/saved`.", param="audioUrl")
