"""Voxhall's own API: every spec as a job, saved voices, and what there is of voices and models."""

from fastapi import APIRouter

from server.dialects.base import Dialect
from server.dialects.voxhall import jobs, saved_voices, stock
from server.dialects.voxhall.errors import error, invalid
from server.dialects.voxhall.jobs import NAME

__all__ = ["dialect"]

router = APIRouter(tags=["Voxhall"])
for module in (jobs, stock, saved_voices):
    router.include_router(module.router)

dialect = Dialect(NAME, router, prefixes=("/",), error=error, invalid=invalid)
