"""Waiting for a job on behalf of a caller who keeps the connection open."""

from contextlib import suppress

from fastapi import Request
from fastapi.concurrency import run_in_threadpool

from jobs.errors import Conflict, JobFailed, NotFound
from jobs.ledger import Job
from server.hall import Hall


class CallerGone(Exception):
    """The caller hung up; the job was cancelled."""


async def result_of(hall: Hall, job: Job, request: Request) -> Job:
    """The job once it has succeeded.

    Raises:
        JobFailed: it failed or was cancelled.
        CallerGone
    """
    async for event in hall.events.follow(job.id):
        if event is None or event.kind == "state":
            job = await run_in_threadpool(hall.ledger.get, job.id)
        if job.done:
            break
        await stay(hall, job, request)
    return succeeded(job)


def succeeded(job: Job) -> Job:
    """The job itself. Raises `JobFailed` where it ended otherwise."""
    if job.state == "canceled":
        raise JobFailed("canceled", "The job was cancelled.")
    if job.state == "failed":
        raise JobFailed(job.error_code or "internal_error", job.error_message or "The job failed.")
    return job


async def stay(hall: Hall, job: Job, request: Request) -> None:
    """Cancels the job of a caller who has hung up, so that the device works for those who still wait.

    Raises:
        CallerGone
    """
    if await request.is_disconnected():
        await leave(hall, job)
        raise CallerGone


async def leave(hall: Hall, job: Job) -> None:
    """Cancels the job, unless it is over."""
    with suppress(Conflict, NotFound):
        await run_in_threadpool(hall.ledger.cancel, job.id)
