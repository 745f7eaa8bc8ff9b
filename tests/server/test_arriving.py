"""A body counts from its first part until its last, however its request ends."""

import asyncio
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from starlette.types import Message, Receive, Scope, Send

from server.arriving import Arriving, Bodies

Part = tuple[str, bool]
FIRST, LAST, HANG_UP = ("http.request", True), ("http.request", False), ("http.disconnect", False)


def looked(parts: list[Part], *, read: int) -> list[bool]:
    """Whether all bodies were in before each part that the app reads, and at the end."""
    bodies = Bodies()
    found: list[bool] = []
    left: Iterator[Part] = iter(parts)

    async def app(_scope: Scope, receive: Receive, _send: Send) -> None:
        for _ in range(read):
            found.append(await all_in(bodies))
            await receive()
        found.append(await all_in(bodies))
        raise ConnectionError

    async def receive() -> Message:
        kind, more = next(left)
        return {"type": kind, "body": b"x", "more_body": more} if kind == "http.request" else {"type": kind}

    async def send(_message: Message) -> None:
        raise AssertionError

    async def request() -> None:
        scope = {"type": "http", "app": SimpleNamespace(state=SimpleNamespace(hall=SimpleNamespace(bodies=bodies)))}
        with pytest.raises(ConnectionError):
            await Arriving(app)(scope, receive, send)
        found.append(await all_in(bodies))

    asyncio.run(request())
    return found


async def all_in(bodies: Bodies) -> bool:
    waits = asyncio.create_task(bodies.all_in())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    waits.cancel()
    return waits.done()


@pytest.mark.parametrize(
    ("parts", "read", "found"),
    [
        ([FIRST, FIRST, LAST], 3, [True, False, False, True, True]),
        ([FIRST, HANG_UP], 2, [True, False, True, True]),
        ([FIRST, FIRST, LAST], 1, [True, False, True]),
        ([LAST], 1, [True, True, True]),
    ],
    ids=["whole", "hung up", "left unread", "in one part"],
)
def test_a_body_is_on_its_way_until_its_last_part(parts: list[Part], read: int, found: list[bool]) -> None:
    assert looked(parts, read=read) == found


def test_one_waits_for_all_of_them() -> None:
    async def two() -> list[bool]:
        bodies = Bodies()
        found = []
        for token, arriving in ((1, True), (2, True), (1, False), (2, False)):
            bodies.note(token, arriving=arriving)
            found.append(await all_in(bodies))
        return found

    assert asyncio.run(two()) == [False, False, False, True]
