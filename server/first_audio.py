"""How long callers of streams wait until they can hear something."""

import time

from jobs.ledger import Job
from jobs.specs import CloneSpec, SpeechSpec
from server.hall import Hall
from server.observing import BEGAN
from server.waiting import Connection

HEARD = "heard"


def note_first_audio(hall: Hall, job: Job, connection: Connection) -> None:
    """To be called with each first segment of the job that this connection gets; it counts once.

    Who follows a job that was there before their request did not wait for its beginning, and is left out.
    """
    if not isinstance(job.spec, SpeechSpec | CloneSpec):
        return
    seconds = _waited(job, connection)
    if seconds is not None:
        hall.numbers.heard(job.dialect, seconds)


def _waited(job: Job, connection: Connection) -> float | None:
    scope = getattr(connection, "scope", None)
    if scope is None:  # a WebSocket, which has one job after the other
        return time.time() - job.created_at
    state = scope["state"]
    seconds: float = time.monotonic() - state[BEGAN]
    if state.get(HEARD) == job.id or job.created_at < time.time() - seconds:
        return None
    state[HEARD] = job.id
    return seconds
