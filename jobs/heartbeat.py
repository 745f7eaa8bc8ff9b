"""Signs of life: a process touches a file of its own, and whoever watches over it sees that it still does.

A thread of Python shows that the interpreter turns; a task of an event loop that this one does.
"""

import asyncio
import threading
import time
from contextlib import suppress
from pathlib import Path

EVERY = 1.0


def begin(file: Path) -> None:
    """Touches `file` each second, in a thread that ends with the process."""
    threading.Thread(target=_keep, args=(file,), name="heartbeat", daemon=True).start()


async def beat(file: Path) -> None:
    """Touches `file` each second, until it is cancelled."""
    while True:
        _touch(file)
        await asyncio.sleep(EVERY)


def sign(file: Path) -> int | None:
    """What differs once the file was touched again; None: nothing can be told."""
    try:
        return file.stat().st_mtime_ns
    except OSError:
        return None


def _keep(file: Path) -> None:
    while True:
        _touch(file)
        time.sleep(EVERY)


def _touch(file: Path) -> None:
    with suppress(OSError):  # a full disk ends nobody; whoever watches sees no change, or no file
        file.touch()
