"""Refuses a request body over the limit while it arrives: it is never held, and the rest is not read."""

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

FORM_OVERHEAD = 64 * 1024
"""Room for a form's other fields and its boundaries beside the file itself."""


class BodyLimit:
    """ASGI middleware. A body over `limit` bytes ends in an HTTPException 413, which the app renders as any other."""

    def __init__(self, app: ASGIApp, limit: int) -> None:
        self._app = app
        self._limit = limit + FORM_OVERHEAD

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        announced = Headers(scope=scope).get("content-length", "")
        taken = int(announced) if announced.isdigit() and int(announced) > self._limit else 0

        async def counted() -> Message:
            nonlocal taken
            if taken > self._limit:
                raise HTTPException(413)
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > self._limit:
                raise HTTPException(413)
            return message

        await self._app(scope, counted, send)
