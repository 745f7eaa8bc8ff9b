"""`/v1/tts/stream/`: a text as speech in server-sent events, without a poll."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from server.callers import BearerKey
from server.dialects.ttsai.speech import EVENTS, Speech, answered
from server.hall import HallDependency
from server.strict import StrictModels

router = APIRouter()


@router.post("/tts/stream/", response_class=Response, responses=EVENTS)
async def stream(
    hall: HallDependency, key: BearerKey, strict: StrictModels, body: Speech, request: Request
) -> Response:
    """Events with the audio in base64, as it is spoken: `start`, `audio`, …, `done`, or `error` as the last one."""
    return await answered(hall, key, body, strict, request)
