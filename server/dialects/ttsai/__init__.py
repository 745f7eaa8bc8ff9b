"""TTS.ai, of both its hosts: speech, clones, the voice changer and saved voices. Paths end with a slash."""

from fastapi import APIRouter

from server.dialects.base import Dialect
from server.dialects.ttsai import changing, cloning, embedding, results, saved_voices, speech
from server.dialects.ttsai.errors import error, invalid
from server.dialects.ttsai.jobs import NAME

__all__ = ["dialect"]

router = APIRouter(tags=["TTS.ai"])
for module in (speech, cloning, changing, embedding, saved_voices, results):
    router.include_router(module.router)

dialect = Dialect(
    NAME,
    router,
    prefixes=(
        "/api/v1/",
        "/static/downloads/",
        "/v1/speech/",
        "/v1/tts/",
        "/v1/voice-clone/",
        "/v1/voice-convert/",
        "/v1/voice-embedding/",
    ),
    error=error,
    invalid=invalid,
    largest_upload=changing.LARGEST + cloning.LARGEST,
)
