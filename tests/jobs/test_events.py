import asyncio
import socket
from collections.abc import Iterator
from contextlib import suppress

import redis

from jobs.events import Event, Events, Subscriptions


async def take(url: str, job_id: str, count: int, after: str = "0") -> list[Event | None]:
    subscriptions = Subscriptions(url)
    found = []
    async for event in subscriptions.follow(job_id, after):
        found.append(event)
        if len(found) == count:
            break
    await subscriptions.close()
    return found


def test_a_follower_gets_past_and_coming_events_in_order(redis_url: str) -> None:
    events = Events(redis_url)
    events.publish("job-1", "state", state="running")

    async def run() -> list[Event | None]:
        following = asyncio.create_task(take(redis_url, "job-1", 3))
        await asyncio.sleep(0.1)
        for progress in (0.5, 1.0):
            await asyncio.to_thread(events.publish, "job-1", "progress", progress=progress)
        return await following

    found = [event for event in asyncio.run(run()) if event]
    assert [(event.kind, event.data) for event in found] == [
        ("state", {"state": "running"}),
        ("progress", {"progress": 0.5}),
        ("progress", {"progress": 1.0}),
    ]
    assert asyncio.run(take(redis_url, "job-1", 1, found[1].id)) == found[2:]


def test_of_a_job_that_has_ended_they_go_sooner(redis_url: str) -> None:
    events = Events(redis_url)
    with redis.Redis.from_url(redis_url) as server:

        def left() -> int:
            [stream] = server.keys("*job-2*")
            return int(server.ttl(stream))

        events.publish("job-2", "state", state="running")
        assert left() > 3_000
        events.publish("job-2", "state", state="succeeded")
        assert 300 < left() <= 600


def test_silence_is_told_too(redis_url: str) -> None:
    assert asyncio.run(take(redis_url, "job-none", 1)) == [None]


def test_without_a_broker_followers_go_on_and_publishers_do_not_fail() -> None:
    away = "redis://127.0.0.1:1"
    Events(away).publish("job-1", "state", state="running")
    assert asyncio.run(take(away, "job-1", 1)) == [None]


def test_a_broker_that_hangs_holds_publishers_up_once() -> None:
    """Not again for each event of each job."""
    with socket.create_server(("127.0.0.1", 0)) as hung:
        hung.setblocking(False)
        events = Events(f"redis://127.0.0.1:{hung.getsockname()[1]}")
        calls = []
        for state in ("running", "succeeded"):
            events.publish("job-1", "state", state=state)
            calls.append(len(list(callers(hung))))
    assert calls[0] > 0
    assert calls[1] == 0


def callers(listening: socket.socket) -> Iterator[None]:
    """One for each connection that was made since the last look."""
    with suppress(BlockingIOError):
        while True:
            listening.accept()[0].close()
            yield
