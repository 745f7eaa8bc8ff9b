"""A body that was refused before it was read: its caller gets the answer all the same, but may not send for ever."""

import asyncio
from collections.abc import MutableMapping
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST_BYTES = 64 * 1024 * 1024
"""That are read and dropped. Many clients look for an answer only when they have sent all; a hang-up before that would
show them a broken connection instead."""

MOST_SECONDS = 15.0
SMALL = 64 * 1024
"""A rest of this size is no burden, and its connection may go on."""


class Unread:
    """ASGI middleware. Where the answer begins before a large body has come to its end, the rest is dropped up to
    `MOST_BYTES` or `MOST_SECONDS`, and then the connection is closed."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not _is_large(Headers(scope=scope)):
            await self._app(scope, receive, send)
            return
        body = _Body(receive)

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start" and not body.over:
                MutableHeaders(scope=message)["Connection"] = "close"
            if message["type"] != "http.response.body" or message.get("more_body") or body.over:
                await send(message)
                return
            await send({**message, "more_body": True})
            await body.drop()
            await send({"type": "http.response.body", "body": b""})

        await self._app(scope, body.receive, answer)


class _Body:
    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self.over = False

    async def receive(self) -> MutableMapping[str, Any]:
        message = await self._receive()
        self.over = message["type"] != "http.request" or not message.get("more_body", False)
        return message

    async def drop(self) -> None:
        dropped = 0
        try:
            async with asyncio.timeout(MOST_SECONDS):
                while not self.over and dropped <= MOST_BYTES:
                    dropped += len((await self.receive()).get("body", b""))
        except TimeoutError:
            return


def _is_large(headers: Headers) -> bool:
    announced = headers.get("content-length", "")
    return int(announced) > SMALL if announced.isdecimal() else "transfer-encoding" in headers
