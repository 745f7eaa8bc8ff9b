"""Waiting for a job on behalf of a caller who keeps the connection open."""

from contextlib import suppress
from typing import Protocol

from fastapi.concurrency import run_in_threadpool

from jobs.errors import Conflict, JobFailed, NotFound, Restarting
from jobs.ledger import Job
from jobs.repeats import is_expected
from server.hall import Hall


class CallerGone(Exception):
    """The caller hung up. A job that only they waited for was cancelled."""


class Connection(Protocol):
    """A request, or whatever else a caller waits on."""

    async def is_disconnected(self) -> bool: ...


async def result_of(hall: Hall, job: Job, request: Connection) -> Job:
    """The job once it has succeeded.

    Raises:
        JobFailed: it failed or was cancelled.
        Restarting: this process is told to stop; the job is cancelled as for a caller who hung up.
        CallerGone
    """
    async for event in hall.events.follow(job.id):
        if event is None or event.kind == "state":
            job = await run_in_threadpool(hall.ledger.get, job.id)
        if job.done:
            break
        if hall.closing.is_set():
            await leave(hall, job)
            raise _restarting()
        await stay(hall, job, request)
    return succeeded(job)


async def shared_result_of(hall: Hall, job: Job, request: Connection) -> Job:
    """As `result_of`, of a job that others may wait for, too: it goes on when this caller hangs up.

    Raises:
        NotFound: it was deleted.
        JobFailed, Restarting, CallerGone
    """
    async for event in hall.events.follow(job.id):
        if event is None or event.kind == "state":
            job = await run_in_threadpool(hall.ledger.get, job.id)
        if job.done:
            break
        if hall.closing.is_set():
            raise _restarting()
        if await request.is_disconnected():
            raise CallerGone
    return succeeded(job)


def _restarting() -> Restarting:
    return Restarting("The server is being restarted; send the request again.")


def succeeded(job: Job) -> Job:
    """The job itself. Raises `JobFailed` where it ended otherwise."""
    if job.state in {"canceled", "failed"}:
        raise JobFailed(*job.why)
    return job


async def stay(hall: Hall, job: Job, request: Connection) -> None:
    """Cancels the job of a caller who has hung up, so that the device works for those who still wait.

    Raises:
        CallerGone
    """
    if await request.is_disconnected():
        await leave(hall, job)
        raise CallerGone


async def leave(hall: Hall, job: Job) -> None:
    """Cancels the job, unless it is over, or its caller may ask for it again by an Idempotency-Key."""
    if await run_in_threadpool(is_expected, hall.database, job.id):
        return
    with suppress(Conflict, NotFound):
        await run_in_threadpool(hall.ledger.cancel, job.id)
