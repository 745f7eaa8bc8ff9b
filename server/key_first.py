"""No byte of a stranger's body is read: the key is checked before the body, not after it."""

from collections.abc import Collection

from fastapi.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from jobs.errors import Unavailable
from server.keyless import largest_body
from server.known import has_live_key, secrets_in


class KeyFirst:
    """ASGI middleware. Reading the body of a POST or PUT without a live key ends in an HTTPException 401; 503 where
    nobody can tell whether it lives.

    Which header form a dialect takes is the dialect's own business, later. At the paths `keyless`, if the server is
    set so, a small body is read that comes with none.
    """

    def __init__(self, app: ASGIApp, keyless: Collection[str] = ()) -> None:
        self._app = app
        self._keyless = frozenset(keyless)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] not in ("POST", "PUT"):
            await self._app(scope, receive, send)
            return
        hall, headers, live = scope["app"].state.hall, Headers(scope=scope), False
        left = largest_body(hall.settings) if scope["path"] in self._keyless and not any(secrets_in(headers)) else 0

        async def for_the_known() -> Message:
            nonlocal live, left
            live = live or (not left and await run_in_threadpool(_is_known, scope))
            if not live and not left:
                raise HTTPException(401, "The API key is missing or wrong")
            message = await receive()
            if not live:
                left = _rest(left, message)
            return message

        await self._app(scope, for_the_known, send)


def _rest(left: int, message: Message) -> int:
    """Bytes that a body without a key may still have, 1 or more."""
    left -= len(message.get("body", b""))
    if left < 1:
        raise HTTPException(401, "A request of this size needs an API key")
    return left


def _is_known(scope: Scope) -> bool:
    try:
        return has_live_key(scope)
    except Unavailable as error:
        # Of other exceptions FastAPI would say that the body is broken.
        raise HTTPException(503, error.message.removesuffix(".")) from error
