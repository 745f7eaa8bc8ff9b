"""Requests that bring something and have no answer yet, which a server that is told to stop waits for."""

import asyncio

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Arrivals:
    """Of the event loop's thread alone."""

    def __init__(self) -> None:
        self.open: set[object] = set()
        self._all_in = asyncio.Event()
        self._all_in.set()

    def begin(self, token: object) -> None:
        self.open.add(token)
        self._all_in.clear()

    def end(self, token: object) -> None:
        self.open.discard(token)
        if not self.open:
            self._all_in.set()

    async def all_in(self) -> None:
        """Returns when none is open, the first time that this is so."""
        await self._all_in.wait()


class Arriving:
    """ASGI middleware. Keeps a request with a body in `Hall.arrivals` until its answer begins."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not _has_body(Headers(scope=scope)):
            await self._app(scope, receive, send)
            return
        arrivals: Arrivals = scope["app"].state.hall.arrivals
        token = object()

        async def answer(message: Message) -> None:
            arrivals.end(token)
            await send(message)

        arrivals.begin(token)
        try:
            await self._app(scope, receive, answer)
        finally:
            arrivals.end(token)


def _has_body(headers: Headers) -> bool:
    return headers.get("content-length", "0") != "0" or "transfer-encoding" in headers
