"""A claimed step as its runner sees it."""

import math
import threading
import time
from collections.abc import Callable
from concurrent import futures
from concurrent.futures import Future
from typing import Any, Protocol, TypeVar

from audio.decode import MAX_SECONDS
from jobs.errors import LeaseLost, TimedOut
from jobs.events import Events
from jobs.files import FileStore
from jobs.ledger import Claim, Job, Ledger


class Cleared(Exception):
    """The step goes back to run among others: alone, it would hold up everybody for as long as it takes."""


Result = TypeVar("Result")

PATIENCE = 0.25
"""Seconds until a waiting step looks whether it is still wanted."""


BACKGROUND_SLACK = 60.0


class Stopping(Exception):
    """The worker is being stopped: the step goes back to the queue with its finished segments."""


class Step:
    """What a runner may touch of the world: its job, its files, and how far it is."""

    def __init__(
        self,
        claim: Claim,
        job: Job,
        *,
        ledger: Ledger,
        files: FileStore,
        events: Events,
        stopping: threading.Event,
        seconds: float = math.inf,
        longest_audio: float = MAX_SECONDS,
    ) -> None:
        """`seconds`: how long the step may run."""
        self.claim = claim
        self.job = job
        self.files = files
        self._ledger = ledger
        self._events = events
        self._stopping = stopping
        self._started = time.monotonic()
        self._seconds = seconds
        self.longest_audio = longest_audio
        """Seconds of a recording that are decoded; one that has more fails its job."""
        self.lost = threading.Event()
        self.clear: Callable[[], None] = lambda: None
        """What the worker calls once the job has ended without a result. May raise `Unavailable`."""

    @property
    def over_at(self) -> float:
        """When its time is over, in seconds of the monotonic clock."""
        return self._started + self._seconds

    def overrun(self) -> TimedOut:
        """What is to be said where it runs on."""
        return TimedOut(f"A step of the job took more than {self._seconds:g} s, the limit of VOXHALL_STEP_SECONDS.")

    def deadline(self, after: float) -> float:
        """When the audio that comes `after` seconds of other audio is wanted, in seconds of the monotonic clock.

        A caller listens from the start of the step on, without a gap; a background step has a minute more. So
        background work gives way, and comes to its turn all the same.
        """
        return self._started + after + (0.0 if self.claim.interactive else BACKGROUND_SLACK)

    def check(self) -> None:
        """To be called between two pieces of work.

        Raises:
            LeaseLost: drop everything.
            Stopping: put nothing more in; what is stored is kept.
            TimedOut: the step runs for too long.
        """
        if self.lost.is_set():
            raise LeaseLost
        if self._stopping.is_set():
            raise Stopping
        if time.monotonic() > self.over_at:
            raise self.overrun()

    def wait(self, future: Future[Result]) -> Result:
        """The future's result. Raises what `check` raises as soon as it would, and what the future raises.

        A future that is not waited for to its end is cancelled.
        """
        try:
            while True:
                self.check()
                if futures.wait([future], PATIENCE).done:
                    return future.result()
        finally:
            future.cancel()

    def progress(self, fraction: float) -> None:
        """Records how much of the step is done, in 0..1. Raises `LeaseLost`."""
        self._ledger.progress(self.claim, fraction)
        self._events.publish(self.job.id, "progress", progress=round(fraction, 4))

    def announce(self, index: int) -> None:
        """Tells waiters that segment `index` is stored, so that the next attempt goes on behind it.

        Raises:
            Cleared: the step ran alone, and has now got on without killing its worker. Only what is stored counts: a
                step that begins anew each time could get so far, and kill the next worker, for ever.
        """
        self.tell(index)
        if self.claim.alone:
            raise Cleared

    def tell(self, index: int) -> None:
        """Tells waiters that segment `index` is stored. For a step whose next attempt begins anew all the same."""
        self._events.publish(self.job.id, "segment", index=index)


class Runner(Protocol):
    """Does the steps of one kind of job."""

    def run(self, step: Step, spec: Any) -> dict[str, Any]:
        """The job's result: plain JSON, with the store keys of its files."""
