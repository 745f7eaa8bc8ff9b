"""Requests that carry an Idempotency-Key: told apart here, answered again by whoever answered them first."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from contextvars import ContextVar

from fastapi.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from jobs.errors import Conflict, NotFound, QuotaExceeded
from jobs.ledger import Job
from jobs.repeats import look
from jobs.submit import forget
from jobs.voices import SavedVoice, Voices
from server.callers import Caller
from server.hall import Hall
from server.waiting import Connection, shared_result_of

AGAIN = "Idempotent-Replayed"

_told: ContextVar[list[bool] | None] = ContextVar("told", default=None)
"""Of the request at hand. A list, so that the thread of a handler, which has a copy of the context, can write to it."""


class Repeats:
    """ASGI middleware: what was answered for an earlier request says so in a header."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        told: list[bool] = []

        async def with_header(message: Message) -> None:
            if told and message["type"] == "http.response.start":
                MutableHeaders(scope=message)[AGAIN] = "true"
            await send(message)

        token = _told.set(told)
        try:
            await self._app(scope, receive, with_header)
        finally:
            _told.reset(token)


def tell_again() -> None:
    """Notes that the request at hand was there already."""
    if (told := _told.get()) is not None:
        told.append(True)


def made_before(hall: Hall, caller: Caller) -> str | None:
    """The id of what the same request has made; None: it is the first, or may not come again. Raises `KeyReused`."""
    return look(hall.database, caller.once) if caller.once else None


async def voice_made_before(hall: Hall, caller: Caller, request: Connection) -> SavedVoice | None:
    """The voice that the same request has saved, once it is; None: this is the first one.

    Raises:
        KeyReused, JobFailed, CallerGone
    """
    while made := await run_in_threadpool(made_before, hall, caller):
        with suppress(NotFound):
            return await run_in_threadpool(_saved, hall, made)
        with suppress(NotFound):  # the first caller has just forgotten the job: look for its voice again
            job = await shared_result_of(hall, await run_in_threadpool(hall.ledger.get, made), request)
            with suppress(NotFound):
                return await run_in_threadpool(_saved, hall, made)
            await run_in_threadpool(forget, hall.ledger, hall.files, job.id)  # the voice was removed
    return None


async def accepted_once(
    hall: Hall, caller: Caller, request: Connection, submitted: Callable[[], Awaitable[Job]]
) -> Job | SavedVoice:
    """The job that is to save a voice, this caller's own; or the voice, where the same request has saved it.

    Args:
        submitted: checks the request and accepts its job.

    Raises:
        KeyReused, JobFailed, CallerGone
        Conflict, QuotaExceeded, NotFound: as `submitted`.
    """
    while True:
        if voice := await voice_made_before(hall, caller, request):
            return voice
        try:
            job = await submitted()
        except (Conflict, QuotaExceeded, NotFound):
            # Its own voice may be in the way, of the same request that came in between.
            if await run_in_threadpool(made_before, hall, caller) is None:
                raise
            continue
        if not job.again:
            return job


def _saved(hall: Hall, voice_id: str) -> SavedVoice:
    voice = Voices(hall.database).get(voice_id)
    tell_again()
    return voice
