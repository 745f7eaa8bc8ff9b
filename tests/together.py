"""Threads that begin their work at the same moment."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")

PATIENCE = 60.0
"""Seconds."""


def together(*works: Callable[[], T]) -> list[T]:
    """What each of them gave, in their order. What one of them raised is raised here; also where one does not end."""
    ready = threading.Barrier(len(works))

    def begin(work: Callable[[], T]) -> T:
        ready.wait(PATIENCE)
        return work()

    pool = ThreadPoolExecutor(len(works))
    try:
        running = [pool.submit(begin, work) for work in works]
        return [one.result(PATIENCE) for one in running]
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
