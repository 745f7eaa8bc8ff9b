"""`/v1/health/`: whether work is done here, for anyone who asks. Looked at every 30 s, however many ask."""

import threading
import time
from typing import Any

from fastapi import APIRouter, Request, Response

from jobs.errors import Unavailable
from server.hall import Hall, HallDependency
from server.health import look

router = APIRouter()

SECONDS = 30


class Glance:
    """What was seen last. One looks, and whoever asks meanwhile waits for it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: dict[str, Any] = {}
        self._until = 0.0

    def at(self, hall: Hall) -> dict[str, Any]:
        with self._lock:
            if time.monotonic() >= self._until:
                self._seen = _seen(hall)
                self._until = time.monotonic() + SECONDS
            return self._seen


@router.get("/health/")
def health(hall: HallDependency, request: Request, response: Response) -> dict[str, Any]:
    """`online`, `starting` while some kind of job has no worker that is ready, or `offline`.

    `latency_ms` is what ledger and broker took to answer, and `queue_size` the steps that wait for a worker.
    """
    response.headers["Cache-Control"] = f"max-age={SECONDS}"
    return _glance(request).at(hall)


def _glance(request: Request) -> Glance:
    state = request.app.state
    if not hasattr(state, "glance"):
        state.glance = Glance()
    found: Glance = state.glance
    return found


def _seen(hall: Hall) -> dict[str, Any]:
    began = time.monotonic()
    problems, workers = look(hall)
    took = round(1000 * (time.monotonic() - began))
    waiting = _waiting(hall)
    works = waiting is not None and any(worker["ready"] for worker in workers)
    return {
        "status": "offline" if not works else "starting" if problems else "online",
        "latency_ms": took,
        "queue_size": waiting,
        "models_loaded": sorted({model for worker in workers for model in worker["models"]}),
    }


def _waiting(hall: Hall) -> int | None:
    """None: the ledger does not answer."""
    try:
        return sum(hall.ledger.waiting().values())
    except Unavailable:
        return None
