"""TwinTune: an inference is submitted, then polled until its `inferenceUrl` is there."""

from fastapi import APIRouter

from server.dialects.base import Dialect
from server.dialects.twintune import tts, vc
from server.dialects.twintune.errors import SCHEMAS, error, invalid
from server.dialects.twintune.inferences import NAME

__all__ = ["dialect"]

router = APIRouter(tags=["TwinTune"])
for module in (tts, vc):
    router.include_router(module.router)

dialect = Dialect(
    NAME,
    router,
    prefixes=("/v1/inferences-", "/v1/models-vc"),
    error=error,
    invalid=invalid,
    schemas=SCHEMAS,
    largest_upload=vc.LARGEST,
)
