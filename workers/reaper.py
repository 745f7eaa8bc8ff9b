"""What keeps the queues moving when something died: expired leases, lost wake-ups, old segments."""

import logging
import threading
import time

from jobs.files import FileStore, job_prefix
from jobs.ledger import Ledger
from jobs.queue import messages, wake

EVERY = 5.0
LONGEST_AWAY = 7 * 86400.0
"""Segments of jobs that ended while no reaper ran are swept if that was not longer ago."""

log = logging.getLogger(__name__)


class Reaper:
    """Every `tend` is idempotent, and several reapers at once do no harm."""

    def __init__(self, *, ledger: Ledger, files: FileStore, segment_seconds: float) -> None:
        self._ledger = ledger
        self._files = files
        self._segment_seconds = segment_seconds
        self._swept_until = time.time() - LONGEST_AWAY

    def begin(self, stopping: threading.Event) -> None:
        """Tends in a thread of its own until `stopping` is set."""
        threading.Thread(target=self._run, args=(stopping,), name="reaper", daemon=True).start()

    def _run(self, stopping: threading.Event) -> None:
        while not stopping.wait(EVERY):
            try:
                self.tend()
            except Exception as error:  # noqa: BLE001 - whatever is out of order now, the next round may find it mended
                log.warning("not tended", extra={"reason": type(error).__name__})

    def tend(self) -> None:
        for queue in self._ledger.recover():
            log.warning("step recovered", extra={"queue": queue})
        self._top_up()
        self._sweep_segments()

    def _top_up(self) -> None:
        """One wake-up for each waiting step; those already in the broker count."""
        pending = messages()
        for queue, waiting in self._ledger.waiting().items():
            for _ in range(waiting - pending.get(queue, 0)):
                wake(queue)

    def _sweep_segments(self) -> None:
        end = time.time() - self._segment_seconds
        for job_id in self._ledger.finished_between(self._swept_until, end):
            for kind in ("segments", "words"):
                self._files.delete(f"{job_prefix(job_id)}{kind}/")
        self._swept_until = end
