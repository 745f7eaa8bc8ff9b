"""Ends a worker process that a job holds beyond its bounds: neither threads nor memory can be taken from it otherwise.

The supervisor starts another. What the process held goes back first, so that nobody waits for a lease to run out.
"""

import logging
import os
import threading
import time
from collections.abc import Callable, Sequence

from workers.lane import Lane
from workers.memory import resident_bytes
from workers.worker import Worker

log = logging.getLogger(__name__)

LOOK = 0.5
PATIENCE = 15.0
"""Seconds in which the thread of a step that is over its time has to come back."""

LANE_PATIENCE = 60.0
"""Likewise the model's call that ran when a step's time was over. It may be another job's, and those take longer."""

LAST_WORDS = 20.0
"""Seconds for giving back. A ledger that does not answer by then finds out by the leases."""

EXIT_STATUS = 70


def end_process() -> None:
    """Without waiting for threads, which is what it is for."""
    os._exit(EXIT_STATUS)


class Watch:
    def __init__(
        self,
        worker: Worker,
        *,
        lanes: Sequence[Lane],
        call_seconds: float,
        memory_bytes: int,
        end: Callable[[], None] = end_process,
        patience: float = PATIENCE,
        lane_patience: float = LANE_PATIENCE,
    ) -> None:
        """Args:
        lanes: may still be empty; looked at each time.
        call_seconds: how long a call of the model may go without a sign of life.
        memory_bytes: resident memory of the process that is too much.
        end: ends the process.
        """
        self._worker = worker
        self._lanes = lanes
        self._call_seconds = call_seconds
        self._memory_bytes = memory_bytes
        self._end = end
        self._patience = patience
        self._lane_patience = lane_patience

    def begin(self) -> None:
        threading.Thread(target=self._run, name="watch", daemon=True).start()

    def look(self) -> bool:
        """Whether all is well. Where not, the steps are given back and the process ends."""
        if late := self._worker.late(self._patience):
            jobs = [step.job.id for step in late]
            log.critical("steps are over their time and cannot be stopped, the process ends", extra={"jobs": jobs})
            self._leave(lambda: self._worker.give_back(failing=late))
        elif any(self._hangs(lane) for lane in self._lanes):
            limit = {"setting": "VOXHALL_CALL_SECONDS", "seconds": self._call_seconds}
            log.critical("a call of the model does not end, the process ends", extra=limit)
            self._leave(self._worker.give_back)
        elif (resident := resident_bytes()) > self._memory_bytes:
            said = {"resident": resident, "limit": self._memory_bytes, "setting": "VOXHALL_WORKER_MEMORY_BYTES"}
            log.critical("the process has grown too large and ends", extra=said)
            self._leave(self._worker.give_back_as_dead)
        else:
            return True
        return False

    def _run(self) -> None:
        while self.look():
            time.sleep(LOOK)

    def _hangs(self, lane: Lane) -> bool:
        since, overran, now = lane.alive_at, self._worker.overran, time.monotonic()
        if since is None:
            return False
        blamed = overran is not None and since < overran and now > overran + self._lane_patience
        return blamed or now > since + self._call_seconds

    def _leave(self, give_back: Callable[[], None]) -> None:
        last = threading.Timer(LAST_WORDS, self._end)
        last.daemon = True
        last.start()
        try:
            give_back()
        except Exception as error:  # noqa: BLE001 - the process ends in any case, and the leases say the rest
            log.warning("steps not given back; their leases run out", extra={"error": type(error).__name__})
        finally:
            last.cancel()
            self._end()
