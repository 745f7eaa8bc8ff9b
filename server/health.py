"""`/healthz` says that this process lives, `/readyz` that jobs will be done."""

from typing import Any

from fastapi import APIRouter
from fastapi.concurrency import run_in_threadpool
from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from starlette.responses import JSONResponse

from jobs.errors import LedgerUnavailable
from jobs.presence import Presence
from jobs.specs import QUEUES
from server.hall import Hall, HallDependency

router = APIRouter(tags=["health"])


@router.get("/healthz")
async def healthz() -> dict[str, str]:
    """200 as long as this process answers."""
    return {"status": "ok"}


@router.get("/readyz", responses={503: {"description": "Not yet, and why"}})
async def readyz(hall: HallDependency) -> JSONResponse:
    """200 once broker and ledger answer and every queue has a worker with its models loaded; else 503 and why."""
    problems, workers = await run_in_threadpool(look, hall)
    state = {"status": "starting" if problems else "ready", "problems": problems, "workers": workers}
    return JSONResponse(state, status_code=503 if problems else 200)


def look(hall: Hall) -> tuple[list[str], list[dict[str, Any]]]:
    problems = []
    workers: list[Presence] = []
    try:
        with hall.database.read() as connection:
            connection.execute(text("SELECT 1"))
    except (LedgerUnavailable, SQLAlchemyError):
        problems.append("The ledger does not answer.")
    try:
        workers = hall.presences.all()
    except RedisError:
        problems.append("Redis does not answer.")
    problems += [f"{worker.role}: {worker.problem}" for worker in workers if worker.problem]
    served = {queue for worker in workers if worker.ready for queue in worker.queues}
    problems += [f"No worker serves the queue `{queue}` yet." for queue in QUEUES if queue not in served]
    shown = ("role", "device", "ready", "running", "models")
    return problems, [{name: getattr(worker, name) for name in shown} for worker in workers]
