"""Every request is counted, timed and, where traces are on, a span: by its route's template, never by its path."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from fastapi.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from jobs import tracing
from jobs.errors import Unavailable
from server.known import has_live_key
from server.numbers import METHODS, Numbers

NO_ROUTE = "none"
UNTRACED = frozenset({"/healthz", "/readyz", "/metrics"})
"""Asked again and again by machines, and of no interest to anybody who looks for one request."""

BEGAN = "began"
CLIENT_CLOSED_REQUEST = 499
"""Of one who hung up before there was an answer."""


class Observing:
    """ASGI middleware, the outermost: what others refuse is counted as well.

    Args:
        dialect: the name of the dialect that answers a request.
    """

    def __init__(self, app: ASGIApp, dialect: Callable[[Scope], str]) -> None:
        self._app = app
        self._dialect = dialect

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        websocket = scope["type"] == "websocket"
        numbers: Numbers = scope["app"].state.hall.numbers
        scope.setdefault("state", {})[BEGAN] = time.monotonic()
        numbers.opened(websocket)
        try:
            await (self._app(scope, receive, send) if websocket else self._answer(numbers, scope, receive, send))
        finally:
            numbers.closed(websocket)

    async def _answer(self, numbers: Numbers, scope: Scope, receive: Receive, send: Send) -> None:
        headers, status = Headers(scope=scope), CLIENT_CLOSED_REQUEST
        form = headers.get("content-type", "").startswith("multipart/")

        async def taken() -> Message:
            message = await receive()
            if form:
                numbers.uploaded(len(message.get("body", b"")))
            return message

        async def answered(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        with _span(scope, await _continued(scope, headers.get("traceparent"))) as span:
            try:
                await self._app(scope, taken, answered)
            except Exception:
                status = 500  # the app answers it outside of every middleware
                raise
            finally:
                route, dialect = _route(scope), self._dialect(scope)
                seconds = time.monotonic() - scope["state"][BEGAN]
                numbers.answered(dialect=dialect, route=route, method=scope["method"], status=status, seconds=seconds)
                span.rename(f"{_method(scope)} {route}")
                span.tell(_attributes(scope, dialect, route, status))
                if status >= 500:
                    span.fail(str(status))


async def _continued(scope: Scope, parent: str | None) -> str | None:
    """The caller's `traceparent`. A stranger's counts for nothing, for it decides which traces are kept, and whose they
    seem to be."""
    if parent is None or scope["path"] in UNTRACED or not tracing.is_on():
        return None
    try:
        return parent if await run_in_threadpool(has_live_key, scope) else None
    except Unavailable:
        return None


def _span(scope: Scope, parent: str | None) -> AbstractContextManager[tracing.Span]:
    if scope["path"] in UNTRACED:
        return nullcontext(tracing.UNSEEN)
    return tracing.span(_method(scope), parent=parent, kind="server")


def _method(scope: Scope) -> str:
    return scope["method"] if scope["method"] in METHODS else "other"


def _route(scope: Scope) -> str:
    """The template of what answered, such as `/jobs/{job_id}`."""
    return getattr(scope.get("route"), "path", NO_ROUTE)


def _attributes(scope: Scope, dialect: str, route: str, status: int) -> dict[str, Any]:
    return {
        "http.request.method": _method(scope),
        "http.route": route,
        "http.response.status_code": status,
        "voxhall.dialect": dialect,
        "voxhall.request": scope["state"].get("request_id", ""),
    }
