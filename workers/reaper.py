"""What keeps order when something died: expired leases, lost wake-ups. And what deletes, as `jobs.sweeping` does it."""

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

from jobs import scratch
from jobs.deliveries import Deliveries
from jobs.errors import Unavailable
from jobs.files import FileStore
from jobs.ledger import Ledger
from jobs.queue import DELIVERY, messages, wake, wake_deliveries
from jobs.retention import Keep
from jobs.sweeping import Sweeper

EVERY = 5.0

ROUND_EVERY = 600.0
"""From one piece of the way through all files to the next."""

MOST_DELIVERING = 16
"""Wake-ups for webhooks at once."""

log = logging.getLogger(__name__)


class Reaper:
    """Every `tend` and every `sweep` is idempotent, and several reapers at once do no harm."""

    def __init__(self, *, ledger: Ledger, files: FileStore, keep: Keep, data_dir: Path) -> None:
        self._ledger = ledger
        self._deliveries = Deliveries(ledger.database)
        self._sweeper = Sweeper(ledger, files, keep)
        self._data_dir = data_dir
        self._swept = -ROUND_EVERY

    def begin(self, stopping: threading.Event) -> None:
        """Works in threads of its own until `stopping` is set: a bucket that is slow must not hold up leases."""
        for name, work in (("reaper", self.tend), ("sweeper", self.sweep)):
            threading.Thread(target=_again, args=(work, stopping), name=name, daemon=True).start()

    def tend(self) -> None:
        """Raises whatever is out of order."""
        for queue in self._ledger.recover():
            log.warning("step recovered", extra={"queue": queue})
        if taken_back := self._deliveries.recover():
            log.warning("deliveries recovered", extra={"count": taken_back})
        self._top_up()

    def sweep(self) -> None:
        """Raises whatever is out of order."""
        try:
            self._sweeper.after_jobs()
        finally:  # what is wrong with one job's files must not hold up all others'
            if time.monotonic() >= self._swept + ROUND_EVERY:
                self._swept = time.monotonic()
                scratch.sweep(self._data_dir)
                self._sweeper.round()

    def _top_up(self) -> None:
        """One wake-up for each waiting step; those already in the broker count."""
        pending = messages()
        for queue, waiting in self._ledger.waiting().items():
            for _ in range(waiting - pending.get(queue, 0)):
                wake(queue)
        # One sends until nothing is due; more of them send at once.
        for _ in range(min(MOST_DELIVERING, self._deliveries.due()) - pending.get(DELIVERY, 0)):
            wake_deliveries()


def _again(work: Callable[[], None], stopping: threading.Event) -> None:
    while not stopping.wait(EVERY):
        try:
            work()
        except Exception as error:  # noqa: BLE001 - whatever is out of order now, the next round may find it mended
            log.warning("not tended", extra={"what": threading.current_thread().name, "reason": _why(error)})


def _why(error: Exception) -> str:
    """No error's words but our own: others may quote what callers sent."""
    return error.message if isinstance(error, Unavailable) else type(error).__name__
