"""No byte of a stranger's body is read: the key is checked before the body, not after it."""

from fastapi.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from jobs.errors import Unauthorized
from jobs.keys import Keys


class KeyFirst:
    """ASGI middleware. Reading the body of a POST or PUT without a live key ends in an HTTPException 401.

    Which header form a dialect takes is the dialect's own business, later.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] not in ("POST", "PUT"):
            await self._app(scope, receive, send)
            return
        known = False

        async def for_the_known() -> Message:
            nonlocal known
            known = known or await run_in_threadpool(_is_known, scope["app"].state.hall.keys, Headers(scope=scope))
            if not known:
                raise HTTPException(401, "The API key is missing or wrong")
            return await receive()

        await self._app(scope, for_the_known, send)


def _is_known(keys: Keys, headers: Headers) -> bool:
    given = (headers.get("x-api-key", ""), headers.get("authorization", "").partition(" ")[2].strip())
    return any(_is_live(keys, secret) for secret in given if secret)


def _is_live(keys: Keys, secret: str) -> bool:
    try:
        keys.check(secret)
    except Unauthorized:
        return False
    return True
