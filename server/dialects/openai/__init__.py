"""OpenAI's audio API, as the `openai` client reads it: speech, transcriptions, translations, models."""

from fastapi import APIRouter

from server.dialects.base import Dialect
from server.dialects.openai import models, speech, transcriptions, translations
from server.dialects.openai.errors import error, invalid

__all__ = ["dialect"]

router = APIRouter(tags=["OpenAI"])
for module in (speech, transcriptions, translations, models):
    router.include_router(module.router)

dialect = Dialect("openai", router, prefixes=("/v1/audio/", "/v1/models"), error=error, invalid=invalid)
