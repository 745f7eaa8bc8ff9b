"""Answers as server-sent events: one JSON object with a `type` in each."""

import json
import logging
from collections.abc import AsyncIterator
from typing import Any

from sse_starlette import EventSourceResponse
from starlette.types import Receive, Scope, Send

from jobs.errors import VoxhallError
from jobs.ledger import Job
from server.dialects.base import status_of
from server.dialects.openai.errors import body
from server.hall import Hall
from server.waiting import CallerGone, leave

log = logging.getLogger(__name__)

Event = dict[str, Any]


class EventStream(EventSourceResponse):
    """Events of a job. Where it fails on the way, the last one has an `error`, and none says `done`.

    While the job is quiet, a comment every 15 s keeps proxies from closing the connection.
    """

    def __init__(self, hall: Hall, job: Job, events: AsyncIterator[Event], headers: dict[str, str]) -> None:
        super().__init__(_sent(job, events), headers=headers, sep="\n")
        self._hall = hall
        self._job = job

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            # A caller who hangs up ends the answer, not the job.
            await leave(self._hall, self._job)


async def _sent(job: Job, events: AsyncIterator[Event]) -> AsyncIterator[dict[str, str]]:
    try:
        async for event in events:
            yield {"data": json.dumps(event, ensure_ascii=False)}
    except VoxhallError as error:
        log.warning("stream broken off", extra={"job": job.id, "reason": type(error).__name__})
        yield {"data": json.dumps({"type": "error", **body(error, status_of(error))})}
    except CallerGone:
        log.info("caller gone", extra={"job": job.id})
