"""TTS.ai, of both its hosts: speech, clones, the voice changer and saved voices. Paths end with a slash."""

from fastapi import APIRouter

from server.dialects.base import Dialect
from server.dialects.ttsai import (
    batch,
    changing,
    cloning,
    embedding,
    health,
    later,
    models,
    results,
    saved_voices,
    speech,
    stream,
    stt,
    subtitles,
    voices,
)
from server.dialects.ttsai.errors import SCHEMAS, error, invalid
from server.dialects.ttsai.jobs import NAME
from server.dialects.ttsai.rates import headers

__all__ = ["dialect"]

router = APIRouter(tags=["TTS.ai"])
SPEAKING = (speech, stream, stt, batch, cloning, changing, embedding, saved_voices, results, subtitles)
BASES = ("/v1", "/api/v1")
"""Of `api.tts.ai` and `tts.ai`. Its documents name some paths below the one, some below the other; here are all below
both."""

for base in BASES:
    for module in (*SPEAKING, models, voices, health, later):
        router.include_router(module.router, prefix=base)
router.include_router(models.own)
router.include_router(results.downloads)

dialect = Dialect(
    NAME,
    router,
    prefixes=(
        "/api/v1/",
        "/static/downloads/",
        "/v1/health/",
        "/v1/speech/",
        "/v1/stt/",
        "/v1/transcribe/",
        "/v1/tts/",
        "/v1/user-voices/",
        "/v1/voice-clone/",
        "/v1/voice-convert/",
        "/v1/voice-embedding/",
        "/v1/voices/",
        *later.PREFIXES,
    ),
    paths=("/v1/models/",),
    shared={"/v1/audio/speech": "tts-ai-python/"},
    keyless=("/v1/tts/", "/api/v1/tts/"),
    error=error,
    invalid=invalid,
    schemas=SCHEMAS,
    largest_upload=max(stt.LARGEST, changing.LARGEST + cloning.LARGEST),
    recordings_in_json=("/v1/tts/batch/", "/api/v1/tts/batch/"),
    rate_headers=headers,
)
