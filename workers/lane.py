"""The one thread of a process that runs the model.

Threads of jobs prepare work and wait here. The call with the earliest deadline goes first, so that every job gets its
first audio early and none is starved: deadlines lie in the past some time.
"""

import atexit
import itertools
import logging
import math
import os
import queue
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from models.errors import DeviceLost
from workers.meter import Meter, current, working

Result = TypeVar("Result")

log = logging.getLogger(__name__)


def end_process() -> None:
    """At once: the supervisor starts another, and the leases bring the steps back."""
    os.kill(os.getpid(), signal.SIGKILL)


class Lane:
    """`give_up` is called when the device failed: else each job after that would be blamed in turn."""

    def __init__(self, give_up: Callable[[], None] = end_process) -> None:
        self._give_up = give_up
        self._calls: queue.PriorityQueue[tuple[float, int, Future[Any], Callable[[], Any] | None, Meter | None]] = (
            queue.PriorityQueue()
        )
        self._order = itertools.count()
        self.alive_at: float | None = None
        """When the call that runs now began, or last gave a sign of life: seconds of the monotonic clock. None: none
        runs."""
        self._thread = threading.Thread(target=self._run, name="lane", daemon=True)
        self._thread.start()
        # An interpreter that ends while a thread is inside torch aborts.
        atexit.register(self.close)

    def submit(self, call: Callable[[], Result], *, deadline: float) -> Future[Result]:
        """`deadline` is in seconds of the monotonic clock; calls with the same one go first come, first served.

        A call that raises `models.errors.DeviceLost` ends the process instead of its future.
        """
        future: Future[Result] = Future()
        self._calls.put((deadline, next(self._order), future, call, current()))
        return future

    @property
    def here(self) -> bool:
        """Whether the caller is a call on the lane."""
        return threading.current_thread() is self._thread

    def live(self) -> None:
        """The sign of life of a long call, which it gives now and then."""
        if self.here:
            self.alive_at = time.monotonic()

    def close(self) -> None:
        """Returns when the call that runs has ended; those behind it are never made."""
        self._calls.put((-math.inf, next(self._order), Future(), None, None))
        self._thread.join()

    def _run(self) -> None:
        while True:
            _, _, future, call, meter = self._calls.get()
            if call is None:
                return
            if not future.set_running_or_notify_cancel():
                continue
            self.alive_at = time.monotonic()
            try:
                with working([(meter, 1.0)]):
                    result = call()
                # Once it is counted: whoever waits for the result may be the last to look at the meter.
                future.set_result(result)
                del result
            except DeviceLost as error:
                log.critical("device lost, the process ends", extra={"reason": str(error)})
                self._give_up()
            except BaseException as error:  # noqa: BLE001 - it belongs to the thread that waits for this future
                future.set_exception(error)
            finally:
                self.alive_at = None
            # Until the next call comes, these would keep alive all that this one held.
            del future, call
