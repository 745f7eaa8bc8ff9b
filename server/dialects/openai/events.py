"""Answers as server-sent events. Where a job fails on the way, the last one has an `error`, and none says `done`."""

from collections.abc import AsyncIterator

from jobs.errors import VoxhallError
from jobs.ledger import Job
from server import event_stream
from server.dialects.base import status_of
from server.dialects.openai.errors import body
from server.event_stream import Event
from server.hall import Hall

__all__ = ["Event", "EventStream"]


class EventStream(event_stream.EventStream):
    def __init__(self, hall: Hall, job: Job, events: AsyncIterator[Event], headers: dict[str, str]) -> None:
        super().__init__(hall, job, events, headers, failed=_failed)


def _failed(error: VoxhallError) -> Event:
    return {"type": "error", **body(error, status_of(error))}
