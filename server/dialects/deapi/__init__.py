"""deAPI, version 1 and 2: speech and transcripts are asked for and polled, by either version's paths."""

from fastapi import APIRouter

from server.dialects.base import Dialect
from server.dialects.deapi import jobs, models, money, names, sources, speech, speech_price, transcription, transcripts
from server.dialects.deapi.errors import SCHEMAS, error, invalid
from server.dialects.deapi.rates import headers

__all__ = ["dialect"]

router = APIRouter(tags=["deAPI"])
for module in (speech, speech_price, transcription, jobs, transcripts, models, money):
    router.include_router(module.router)

dialect = Dialect(
    names.NAME,
    router,
    prefixes=("/api/v1/client/", "/api/v2/"),
    error=error,
    invalid=invalid,
    schemas=SCHEMAS,
    largest_upload=sources.LARGEST_VIDEO,
    rate_headers=headers,
    uncounted=("/price", "/price-calculation"),
)
