import threading
from collections.abc import Iterator
from contextlib import contextmanager

from workers.lane import Lane


@contextmanager
def occupied(lane: Lane) -> Iterator[None]:
    """The lane is busy inside, so that what is handed in gathers."""
    entered, leave = threading.Event(), threading.Event()

    def occupy() -> None:
        entered.set()
        assert leave.wait(10)

    lane.submit(occupy, deadline=-1.0)
    assert entered.wait(10)
    yield
    leave.set()
