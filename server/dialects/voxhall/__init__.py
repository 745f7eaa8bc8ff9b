"""Voxhall's own API: every spec as a job, saved voices, and what there is of voices and models."""

from fastapi import APIRouter

from server.dialects.base import Dialect
from server.dialects.voxhall import jobs, saved_voices, stock, webhooks
from server.dialects.voxhall.errors import SCHEMAS, error, invalid
from server.dialects.voxhall.jobs import NAME
from server.dialects.voxhall.rates import headers

__all__ = ["dialect"]

router = APIRouter(tags=["Voxhall"])
for module in (jobs, webhooks, stock, saved_voices):
    router.include_router(module.router)

dialect = Dialect(
    NAME,
    router,
    prefixes=("/",),
    error=error,
    invalid=invalid,
    schemas=SCHEMAS,
    rate_headers=headers,
    uncounted=("/cancel", "/redeliver", "/webhooks/enable"),
)
