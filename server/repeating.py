"""Requests that carry an Idempotency-Key: told apart here, answered again by whoever answered them first."""

import json
from collections.abc import Mapping
from contextlib import suppress
from contextvars import ContextVar
from pathlib import Path
from typing import IO

from fastapi.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from jobs.errors import NotFound
from jobs.repeats import Once, digest_of, look
from jobs.specs import AnySpec, EnrolmentSpec
from jobs.voices import SavedVoice, Voices
from jobs.webhooks import Webhook
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


def once_of(
    hall: Hall,
    caller: Caller,
    spec: AnySpec,
    *,
    dialect: str,
    uploads: Mapping[str, Path | IO[bytes]] | None = None,
    webhook: Webhook | None = None,
) -> Once | None:
    """What the request is known by; None where the caller has sent no Idempotency-Key. Reads the uploads."""
    told = webhook.model_dump(exclude={"base_url"}) if webhook else None
    # Nobody has chosen the name of a voice that does not last.
    unsaid = {"name"} if isinstance(spec, EnrolmentSpec) and not spec.lasting else None
    said = json.dumps([dialect, spec.model_dump(mode="json", exclude=unsaid), told], sort_keys=True)
    return once_of_words(hall, caller, said, uploads)


def once_of_words(
    hall: Hall, caller: Caller, said: str, uploads: Mapping[str, Path | IO[bytes]] | None = None
) -> Once | None:
    """The same of a request that makes no single job; `said` is all that it says, its dialect and path included."""
    if caller.once is None:
        return None
    return Once(caller.id, caller.once, digest_of(said, uploads), hall.settings.repeat_seconds)


def made_before(
    hall: Hall, caller: Caller, spec: AnySpec, *, dialect: str, uploads: Mapping[str, Path | IO[bytes]] | None
) -> str | None:
    """The id of what the same request has made; None: it is the first, or may not come again. Raises `KeyReused`."""
    once = once_of(hall, caller, spec, dialect=dialect, uploads=uploads)
    made = look(hall.database, once) if once else None
    if made is not None:
        tell_again()
    return made


async def voice_made_before(
    hall: Hall,
    caller: Caller,
    request: Connection,
    spec: AnySpec,
    *,
    dialect: str,
    uploads: Mapping[str, Path | IO[bytes]],
) -> SavedVoice | None:
    """The voice that the same request has saved, once it is; None: this is the first one.

    Raises:
        KeyReused, JobFailed, CallerGone
    """
    if caller.once is None:
        return None
    while made := await run_in_threadpool(lambda: made_before(hall, caller, spec, dialect=dialect, uploads=uploads)):
        with suppress(NotFound):
            return await run_in_threadpool(Voices(hall.database).get, made)
        with suppress(NotFound):  # the first caller has just forgotten the job: look for its voice again
            job = await run_in_threadpool(hall.ledger.get, made)
            await shared_result_of(hall, job, request)
    return None
