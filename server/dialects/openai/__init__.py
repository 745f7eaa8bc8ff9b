"""OpenAI's audio API, as the `openai` client reads it: speech, voices, transcriptions, translations, models."""

from fastapi import APIRouter

from server.dialects.base import Dialect
from server.dialects.openai import consents, models, speech, transcriptions, translations, voices
from server.dialects.openai.errors import SCHEMAS, error, invalid
from server.dialects.openai.rates import headers

__all__ = ["dialect"]

router = APIRouter(tags=["OpenAI"])
for module in (speech, transcriptions, translations, models, voices, consents):
    router.include_router(module.router)

dialect = Dialect(
    "openai",
    router,
    prefixes=("/v1/audio/", "/v1/models"),
    error=error,
    invalid=invalid,
    schemas=SCHEMAS,
    rate_headers=headers,
)
