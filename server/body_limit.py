"""Refuses a request body over the limit while it arrives: it is never held, and the rest is dropped."""

from collections.abc import Callable, Collection

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server.form_bounds import FormBounds

FORM_OVERHEAD = 64 * 1024
"""Room for a form's other fields and its boundaries beside the file itself."""

LONGEST_JSON = 2 * 1024 * 1024
"""100,000 characters, each written as two escapes, and the rest of a spec."""


class BodyLimit:
    """ASGI middleware. A form whose upload has more bytes than `limit` gives for its path, or another body over
    `LONGEST_JSON`, ends in an HTTPException 413, which the app renders as any other.

    At the paths `recordings` an upload is part of the JSON, so such a body may be as large as a form. What of a form
    would lie in memory has bounds of its own.
    """

    def __init__(self, app: ASGIApp, limit: Callable[[str], int], recordings: Collection[str] = ()) -> None:
        self._app = app
        self._limit = limit
        self._recordings = recordings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        kind = headers.get("content-type", "")
        form = FormBounds(kind) if kind.startswith("multipart/") else None
        large = form or scope["path"] in self._recordings
        limit = self._limit(scope["path"]) + FORM_OVERHEAD if large else LONGEST_JSON
        announced = headers.get("content-length", "")
        taken = int(announced) if announced.isdigit() and int(announced) > limit else 0

        async def counted() -> Message:
            nonlocal taken
            if taken > limit:
                raise HTTPException(413)
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > limit:
                raise HTTPException(413)
            if form:
                form.feed(message.get("body", b""))
            return message

        await self._app(scope, counted, send)
