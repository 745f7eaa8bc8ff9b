"""What browsers are told with every answer, and what they are not done the favour of: requests that a page of another
site makes behind its reader's back. There are no CORS headers, so no such page reads an answer either."""

from collections.abc import Callable, Mapping

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from jobs.errors import Forbidden

CLOSED = "default-src 'none'; media-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'"
"""Nothing here is a page, but for the reference, which has a policy of its own. The rest is for the page that a
browser makes where it plays a sound."""

HEADERS: Mapping[str, str] = {
    "X-Content-Type-Options": "nosniff",
    # A link is a secret, and a page that is opened by one would tell it to the next.
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": CLOSED,
}
CHANGELESS = ("GET", "HEAD", "OPTIONS")


class Browsers:
    """ASGI middleware. An answer's own headers go before these; a page of another site changes nothing here."""

    def __init__(self, app: ASGIApp, refuse: Callable[[Scope, Forbidden], Response]) -> None:
        """`refuse` gives the answer, in the words of the path's dialect."""
        self._app = app
        self._refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        if _is_forged(scope):
            error = Forbidden("A page of another site cannot ask for this without an API key.")
            await self._refuse(scope, error)(scope, receive, told)
        else:
            await self._app(scope, receive, told)


def _is_forged(scope: Scope) -> bool:
    """Whether a page of another site asks for a change in the name of whoever reads it.

    One that has a key was given it, and could send it from anywhere.
    """
    headers = Headers(scope=scope)
    keyed = "authorization" in headers or "x-api-key" in headers
    return headers.get("sec-fetch-site") == "cross-site" and scope["method"] not in CHANGELESS and not keyed
