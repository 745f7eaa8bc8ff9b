"""Signs of life: a process touches a file of its own, and whoever watches over it sees that it still does.

A thread of Python shows that the interpreter turns; a task of an event loop that this one does.

    python -m jobs.heartbeat FILE

is one look of a container's health check. Its status is 0 where the process lives, 70 where it hangs, else 1.
"""

import asyncio
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from typing import Literal

EVERY = 1.0

PATIENCE = 60.0
"""Seconds without a sign after which a look finds a process silent."""

State = Literal["alive", "silent", "hangs", "unknown"]
STATUS: dict[State, int] = {"alive": 0, "silent": 1, "unknown": 1, "hangs": 70}


def begin(file: Path) -> None:
    """Touches `file` each second, in a thread that ends with the process."""
    threading.Thread(target=_keep, args=(file,), name="heartbeat", daemon=True).start()


async def beat(file: Path) -> None:
    """Has `file` touched for each second that the event loop turns, until it is cancelled.

    The loop never waits for the disk: a thread does.
    """
    ticks: SimpleQueue[bool] = SimpleQueue()
    threading.Thread(target=_follow, args=(file, ticks), name="heartbeat", daemon=True).start()
    try:
        while True:
            ticks.put(True)
            await asyncio.sleep(EVERY)
    finally:
        ticks.put(False)


def sign(file: Path) -> int | None:
    """What differs once the file was touched again; None: nothing can be told."""
    try:
        return file.stat().st_mtime_ns
    except OSError:
        return None


def look(file: Path) -> State:
    """How the process is whose sign is `file`. What is silent at one look after another, with the same sign, hangs.

    One look is not enough: a machine that slept, or whose clock was set, makes every sign an old one. What a look
    found is kept beside the file.
    """
    last, now = file.with_suffix(".seen"), sign(file)
    if now is None:
        return "unknown"
    if time.time() - now / 1e9 < PATIENCE:
        last.unlink(missing_ok=True)
        return "alive"
    again = last.is_file() and last.read_text() == str(now)
    last.write_text(str(now))
    return "hangs" if again else "silent"


def _keep(file: Path) -> None:
    while True:
        _touch(file)
        time.sleep(EVERY)


def _follow(file: Path, ticks: SimpleQueue[bool]) -> None:
    for _ in iter(ticks.get, False):
        _touch(file)


def _touch(file: Path) -> None:
    with suppress(OSError):  # a full disk ends nobody; whoever watches sees no change, or no file
        file.touch()


if __name__ == "__main__":
    sys.exit(STATUS[look(Path(sys.argv[1]))])
