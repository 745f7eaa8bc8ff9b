"""How a container's health check takes the signs of life."""

import asyncio
import os
import threading
import time
from pathlib import Path

import pytest

from jobs import heartbeat


@pytest.fixture
def sign(tmp_path: Path) -> Path:
    return tmp_path / "alive"


def look(sign: Path, *, age: float) -> heartbeat.State:
    """At a new sign."""
    sign.touch()
    os.utime(sign, (time.time() - age,) * 2)
    return heartbeat.look(sign)


def test_a_machine_that_slept_blames_nobody(sign: Path) -> None:
    """It wakes to signs that are an hour old, and so it may again."""
    assert heartbeat.look(sign) == "unknown"
    for age in (1, 3600, 1, 3500, 3400, -3600, 3300):
        assert look(sign, age=age) == ("alive" if age < 60 else "silent"), age


def test_the_same_old_sign_twice_is_one_of_a_process_that_hangs(sign: Path) -> None:
    assert look(sign, age=3600) == "silent"
    assert [heartbeat.look(sign), heartbeat.look(sign)] == ["hangs", "hangs"]
    assert look(sign, age=0) == "alive"


class Stuck(type(Path())):  # type: ignore[misc]
    """On a disk that does not answer."""

    def touch(self, *_: object) -> None:
        DISK.wait()


DISK = threading.Event()


def test_a_loop_does_not_wait_for_the_disk(tmp_path: Path) -> None:
    alive = tmp_path / "alive"
    before = set(threading.enumerate())

    async def turn() -> None:
        beats = [asyncio.create_task(heartbeat.beat(file)) for file in (Stuck(tmp_path / "stuck"), alive)]
        while not alive.exists():  # noqa: ASYNC110 - another thread makes it
            await asyncio.sleep(0.01)
        for beat in beats:
            beat.cancel()

    release = threading.Timer(60.0, DISK.set)  # lets go of a loop that does wait
    release.start()
    asyncio.run(turn())
    release.cancel()
    assert not DISK.is_set()
    DISK.set()
    for beat in set(threading.enumerate()) - before:
        if beat.name == "heartbeat":
            beat.join(30)
            assert not beat.is_alive()
