"""How long the device has worked for each step.

A thread that runs a step is metered; what it hands to the lane is counted for that step, on the lane's own thread.
Batches hold work of several steps, which share their time. Work amid other work is counted once, for its own step.
"""

import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from jobs import tracing


class Meter:
    """Seconds of the device, for one step. Any thread may add to it.

    `trace`: of the step, whose spans the work becomes; None: it is not traced.
    """

    def __init__(self, trace: str | None = None) -> None:
        self.trace = trace
        self._lock = threading.Lock()
        self._seconds = 0.0

    @property
    def seconds(self) -> float:
        with self._lock:
            return self._seconds

    def add(self, seconds: float) -> None:
        with self._lock:
            self._seconds += seconds


class _Here(threading.local):
    def __init__(self) -> None:
        self.meter: Meter | None = None
        self.counted = 0.0
        """Seconds of the work at hand that work amid it has had."""


_here = _Here()


@contextmanager
def metered(meter: Meter) -> Iterator[None]:
    """What this thread hands to the lane is counted there."""
    before, _here.meter = _here.meter, meter
    try:
        yield
    finally:
        _here.meter = before


def current() -> Meter | None:
    """That of this thread; None: nobody counts."""
    return _here.meter


@contextmanager
def working(shares: Iterable[tuple[Meter | None, float]], name: str | None = None) -> Iterator[None]:
    """Counts the block's time, but for what work amid it has had, for these meters by their shares of it.

    Args:
        name: of the span that it is in each step's trace. None: of a call that nothing is known of, which is none
            where it only made way for work that has a name.
    """
    outer, _here.counted, started = _here.counted, 0.0, time.monotonic()
    among = list(shares)
    try:
        yield
    finally:
        whole = time.monotonic() - started
        _share(whole - _here.counted, among)
        if name or not _here.counted:
            _trace(name or "call", among, whole)
        _here.counted = outer + whole


def _trace(name: str, shares: list[tuple[Meter | None, float]], seconds: float) -> None:
    """One span for each step, however many pieces of it were among the work."""
    if tracing.is_on():
        now = time.time()
        for parent in {meter.trace for meter, _ in shares if meter}:
            tracing.past(name, {"voxhall.together": len(shares)}, parent=parent, start=now - seconds, end=now)


def _share(seconds: float, shares: list[tuple[Meter | None, float]]) -> None:
    total = sum(share for _, share in shares)
    for meter, share in shares:
        if meter is not None and total:
            meter.add(seconds * share / total)
