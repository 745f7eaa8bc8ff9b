"""deAPI, version 1 and 2: a request is submitted and polled, by either version's paths."""

from fastapi import APIRouter

from server.dialects.base import Dialect
from server.dialects.deapi import jobs, speech
from server.dialects.deapi.errors import error, invalid

__all__ = ["dialect"]

router = APIRouter(tags=["deAPI"])
for module in (speech, jobs):
    router.include_router(module.router)

dialect = Dialect(
    jobs.NAME,
    router,
    prefixes=("/api/v1/client/", "/api/v2/"),
    error=error,
    invalid=invalid,
    largest_upload=speech.LARGEST,
)
