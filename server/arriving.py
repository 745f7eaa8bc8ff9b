"""Bodies that are on their way, which a server that is told to stop waits for."""

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Bodies:
    """Of the event loop's thread alone."""

    def __init__(self) -> None:
        self._arriving: set[object] = set()
        self._all_in = asyncio.Event()
        self._all_in.set()

    def note(self, token: object, *, arriving: bool) -> None:
        (self._arriving.add if arriving else self._arriving.discard)(token)
        (self._all_in.clear if self._arriving else self._all_in.set)()

    async def all_in(self) -> None:
        """Returns when none is on its way, the first time that this is so."""
        await self._all_in.wait()


class Arriving:
    """ASGI middleware. Notes in `Hall.bodies` each body from its first part until its last."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        bodies: Bodies = scope["app"].state.hall.bodies
        token = object()

        async def part() -> Message:
            message = await receive()
            bodies.note(token, arriving=message.get("more_body", False))
            return message

        try:
            await self._app(scope, part, send)
        finally:
            bodies.note(token, arriving=False)
