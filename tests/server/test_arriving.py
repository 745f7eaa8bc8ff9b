"""A request that brings something counts until its answer begins, however it ends."""

import asyncio
from types import SimpleNamespace

import pytest
from starlette.types import Message, Receive, Scope, Send

from server.arriving import Arrivals, Arriving

BRINGS = {b"content-length": b"9"}


def looked(headers: dict[bytes, bytes], *, answers: bool) -> list[bool]:
    """Whether all was in: before the body, after it, when the answer began, and after the end."""
    arrivals = Arrivals()
    found: list[bool] = []

    async def app(_scope: Scope, receive: Receive, send: Send) -> None:
        found.append(await all_in(arrivals))
        await receive()
        found.append(await all_in(arrivals))
        if not answers:
            raise ConnectionError
        await send({"type": "http.response.start"})
        found.append(await all_in(arrivals))

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(_message: Message) -> None:
        assert answers

    async def request() -> None:
        state = SimpleNamespace(hall=SimpleNamespace(arrivals=arrivals))
        scope = {"type": "http", "headers": list(headers.items()), "app": SimpleNamespace(state=state)}
        try:
            await Arriving(app)(scope, receive, send)
        except ConnectionError:
            assert not answers
        found.append(await all_in(arrivals))

    asyncio.run(request())
    return found


async def all_in(arrivals: Arrivals) -> bool:
    waits = asyncio.create_task(arrivals.all_in())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    waits.cancel()
    assert waits.done() != bool(arrivals.open)
    return waits.done()


@pytest.mark.parametrize("headers", [BRINGS, {b"transfer-encoding": b"chunked"}])
def test_it_counts_until_its_answer_begins(headers: dict[bytes, bytes]) -> None:
    assert looked(headers, answers=True) == [False, False, True, True]


def test_one_that_breaks_off_is_over() -> None:
    assert looked(BRINGS, answers=False) == [False, False, True]


@pytest.mark.parametrize("headers", [{}, {b"content-length": b"0"}])
def test_one_that_brings_nothing_never_counts(headers: dict[bytes, bytes]) -> None:
    assert looked(headers, answers=True) == [True, True, True, True]


def test_one_waits_for_all_of_them() -> None:
    async def two() -> list[bool]:
        arrivals = Arrivals()
        found = []
        for change, token in ((arrivals.begin, 1), (arrivals.begin, 2), (arrivals.end, 1), (arrivals.end, 2)):
            change(token)
            found.append(await all_in(arrivals))
        return found

    assert asyncio.run(two()) == [False, False, False, True]
