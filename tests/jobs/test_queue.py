"""Wake-ups, and the broker that they go to."""

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from cli import broker
from jobs import queue
from jobs.settings import Settings


@pytest.fixture
def another_url(tmp_path: Path) -> Iterator[str]:
    path = broker.socket_path(tmp_path)
    process = subprocess.Popen(broker.command(path))
    end = time.monotonic() + 20
    while not path.exists():
        assert time.monotonic() < end, "the broker does not start"
        time.sleep(0.01)
    yield f"unix://{path}"
    process.terminate()
    process.wait(10)


def test_a_process_that_is_pointed_at_another_broker_wakes_there(settings: Settings, another_url: str) -> None:
    with redis.Redis.from_url(settings.redis_url or "") as client:
        client.flushdb()
    for url in (settings.redis_url, another_url):
        queue.connect(Settings(redis_url=url))
        assert queue.wake("speech")
        assert queue.messages()["speech"] == 1
    queue.connect(settings)
    assert queue.messages()["speech"] == 1
