"""A job's answer as server-sent events: one JSON object with a `type` in each."""

import json
import logging
from collections.abc import AsyncIterator, Callable
from typing import Any

from sse_starlette import EventSourceResponse
from starlette.types import Receive, Scope, Send

from jobs.errors import VoxhallError
from jobs.ledger import Job
from server.hall import Hall
from server.waiting import CallerGone, leave

log = logging.getLogger(__name__)

Event = dict[str, Any]

SHUTDOWN_GRACE = 2.5
"""Seconds in which a stream of a server that stops may end by itself: it looks every two."""

PIECE = 24 * 1024
"""Bytes of audio in one event: many clients read no line of more than 64 KiB."""


class EventStream(EventSourceResponse):
    """Events of a job. Where it fails on the way, the last one is what `failed` makes of the error.

    While the job is quiet, a comment every 15 s keeps proxies from closing the connection.
    """

    def __init__(
        self,
        hall: Hall,
        job: Job,
        events: AsyncIterator[Event],
        headers: dict[str, str],
        *,
        failed: Callable[[VoxhallError], Event],
    ) -> None:
        super().__init__(_sent(job, events, failed), headers=headers, sep="\n", shutdown_grace_period=SHUTDOWN_GRACE)
        self._hall = hall
        self._job = job

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            # A caller who hangs up ends the answer, not the job.
            await leave(self._hall, self._job)


async def _sent(
    job: Job, events: AsyncIterator[Event], failed: Callable[[VoxhallError], Event]
) -> AsyncIterator[dict[str, str]]:
    try:
        async for event in events:
            yield {"data": json.dumps(event, ensure_ascii=False)}
    except VoxhallError as error:
        log.warning("stream broken off", extra={"job": job.id, "reason": type(error).__name__})
        yield {"data": json.dumps(failed(error))}
    except CallerGone:
        log.info("caller gone", extra={"job": job.id})
