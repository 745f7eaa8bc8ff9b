"""`/usage`: what a key has used, and what is left to it."""

from typing import Annotated, Self

from fastapi import APIRouter, Query
from pydantic import BaseModel

from jobs.plans import Plan
from jobs.usage import Used, used
from server.callers import EitherKey
from server.hall import HallDependency

router = APIRouter(tags=["Voxhall"])


class Allowed(BaseModel):
    """What the key's plan allows; null: no limit."""

    name: str
    requests_per_minute: int
    requests_per_day: int | None
    unfinished_jobs: int | None
    text_characters: int | None

    @classmethod
    def of(cls, name: str, plan: Plan) -> Self:
        return cls(name=name, **plan.model_dump())


class Day(BaseModel):
    """What jobs of one kind used that ended on one day."""

    day: str
    """UTC, `2026-11-21`."""
    kind: str
    jobs: int
    """However they ended."""
    characters: int
    """That were spoken."""
    audio_seconds: float
    """Spoken, transcribed or changed."""
    device_seconds: float
    """Of the device, while it worked for these jobs: also for those that failed."""
    credits: int
    """Characters as they are charged."""

    @classmethod
    def of(cls, row: Used) -> Self:
        return cls(**{name: getattr(row, name) for name in cls.model_fields})


class Usage(BaseModel):
    plan: Allowed
    credits_used: int
    """Ever, those of unfinished jobs among them."""
    credits_remaining: int | None
    """null: unlimited."""
    usage: list[Day]
    """Newest first."""


@router.get("/usage")
def read(hall: HallDependency, key: EitherKey, days: Annotated[int, Query(ge=1, le=3660)] = 30) -> Usage:
    """The key's own, of the last days, today among them."""
    plan = Allowed.of(key.plan or hall.settings.plan, hall.plans.of(key.plan))
    rows = used(hall.database, key_id=key.id, days=days)
    return Usage(
        plan=plan,
        credits_used=key.credits_used,
        credits_remaining=key.credits_remaining,
        usage=[Day.of(row) for row in rows],
    )
