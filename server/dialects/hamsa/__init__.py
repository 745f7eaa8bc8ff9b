"""Hamsa: speech and transcripts as jobs, which are polled, and in real time; its speakers, and saved voices."""

from fastapi import APIRouter

from server.dialects.base import Dialect
from server.dialects.hamsa import (
    histories,
    jobs,
    lists,
    projects,
    realtime,
    transcription,
    tts,
    voices,
    websocket,
)
from server.dialects.hamsa.errors import SCHEMAS, error, invalid

__all__ = ["dialect"]

router = APIRouter(tags=["Hamsa"])
for module in (tts, transcription, lists, jobs, projects, voices, histories, realtime, websocket):
    router.include_router(module.router)

dialect = Dialect(
    jobs.NAME,
    router,
    prefixes=("/v1/jobs", "/v1/projects/", "/v1/realtime/", "/v1/tts/voices", "/v2/jobs", "/v2/tts/"),
    error=error,
    invalid=invalid,
    schemas=SCHEMAS,
    recordings_in_json=(realtime.STT,),
)
