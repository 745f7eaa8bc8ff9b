"""Hamsa: speech jobs, which are polled, and the voices that a caller has saved."""

from fastapi import APIRouter

from server.dialects.base import Dialect
from server.dialects.hamsa import jobs, tts, voices
from server.dialects.hamsa.errors import error, invalid

__all__ = ["dialect"]

router = APIRouter(tags=["Hamsa"])
for module in (tts, jobs, voices):
    router.include_router(module.router)

dialect = Dialect(
    jobs.NAME,
    router,
    prefixes=("/v1/jobs", "/v1/projects/", "/v1/realtime/", "/v2/jobs", "/v2/tts/"),
    error=error,
    invalid=invalid,
)
