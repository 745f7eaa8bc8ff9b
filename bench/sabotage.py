"""Processes of a house that are killed or stopped at random, and how soon others have what they held."""

import os
import random
import signal
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Literal

from sqlalchemy import select

from bench.house import House, lives
from jobs.database import Database
from jobs.errors import LedgerUnavailable
from jobs.schema import steps

TARGETS = ("api", "worker speech", "worker transcription", "worker io", "valkey")
HOWS: Sequence["How"] = ("killed", "killed", "hung", "paused")
LOOK = 0.1

How = Literal["killed", "hung", "paused"]
"""SIGKILL; SIGSTOP until the supervisor ends it; SIGSTOP and, a while later, SIGCONT."""
Held = tuple[str, int, str]
"""Job, position and lease of a step that ran."""


@dataclass
class Blow:
    target: str
    how: How
    pid: int
    at: float
    """On the monotonic clock."""
    held: list[Held] = field(default_factory=list)
    over_at: float | None = None
    """When the process was dead, or went on after a pause."""
    waits: list[float] = field(default_factory=list)
    """Seconds from the blow until each step that the process held was claimed again, or over."""
    undisturbed: list[float] = field(default_factory=list)
    """Of each of these waits the longest stretch in which no blow was at what the step waited for: a process of that
    kind, this one included until it was dead, or the broker.
    """

    @property
    def open(self) -> bool:
        return self.how != "paused" and (self.over_at is None or bool(self.held))


class Saboteur:
    """Strikes every so many seconds, from a thread; another sees who takes over."""

    def __init__(self, house: House, *, every: float, seed: int) -> None:
        self._house = house
        self._every = every
        self._random = random.Random(seed)  # noqa: S311 - a run can be had again
        self._database = Database(f"sqlite:///{house.data_dir / 'ledger.db'}")
        self._over = threading.Event()
        self._watched = threading.Event()
        self.blows: list[Blow] = []

    @contextmanager
    def at_work(self) -> Iterator[None]:
        threads = [threading.Thread(target=run) for run in (self._strike, self._watch)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._over.set()
            threads[0].join()
            self._watched.set()
            threads[1].join()
            self._database.close()

    def settled(self) -> bool:
        """Whether all that dead processes held is with others."""
        return not any(blow.open for blow in self.blows)

    def stop(self) -> None:
        """No further blow; those that were struck are still watched."""
        self._over.set()

    def _strike(self) -> None:
        while not self._over.wait(self._every):
            target, how = self._random.choice(TARGETS), self._random.choice(HOWS)
            with suppress(LookupError, ProcessLookupError, LedgerUnavailable):  # it is on its way back
                pid = self._house.pid_of(target)
                if any(blow.pid == pid and blow.open for blow in self.blows):
                    continue  # it hangs already, and a SIGCONT would revive it
                os.kill(pid, signal.SIGKILL if how == "killed" else signal.SIGSTOP)
                self._strike_down(Blow(target, how, pid, time.monotonic()))

    def _strike_down(self, blow: Blow) -> None:
        try:
            self.blows.append(blow)
            blow.held = self._held_by(blow.target)
        finally:
            if blow.how == "paused":
                self._over.wait(self._random.uniform(1, self._every))
                with suppress(ProcessLookupError):  # it was ended meanwhile
                    os.kill(blow.pid, signal.SIGCONT)
                blow.over_at = time.monotonic()

    def _held_by(self, target: str) -> list[Held]:
        role = target.removeprefix("worker ")
        query = select(steps.c.job_id, steps.c.position, steps.c.lease).where(
            steps.c.state == "running", steps.c.worker.startswith(f"{role}@")
        )
        with self._database.read() as connection:
            return [(job, position, lease) for job, position, lease in connection.execute(query).all()]

    def _watch(self) -> None:
        while not self._watched.wait(LOOK):
            for blow in [blow for blow in self.blows if blow.open]:
                if blow.over_at is None and not lives(blow.pid):
                    blow.over_at = time.monotonic()
                with suppress(LedgerUnavailable):
                    self._look_after(blow)

    def _look_after(self, blow: Blow) -> None:
        jobs = [job for job, _, _ in blow.held]
        query = select(steps.c.job_id, steps.c.position, steps.c.lease).where(
            steps.c.job_id.in_(jobs), steps.c.state.in_(("queued", "running"))
        )
        with self._database.read() as connection:
            now = {(job, position): lease for job, position, lease in connection.execute(query).all()}
        # Queued: no lease. Nowhere: it is over.
        left = [held for held in blow.held if now.get(held[:2], "over") in {None, held[2]}]
        at, taken = time.monotonic(), len(blow.held) - len(left)
        blow.waits += [at - blow.at] * taken
        near = [one for one in list(self.blows) if one.target in {blow.target, "valkey"}]
        calm = longest_gap(blow.at, at, [(one.at, one.over_at or at) for one in near])
        blow.undisturbed += [calm] * taken
        blow.held = left


def longest_gap(start: float, end: float, taken: Iterable[tuple[float, float]]) -> float:
    """The longest stretch between `start` and `end` that none of the intervals touches."""
    longest, free_from = 0.0, start
    for begin, over in sorted(taken):
        longest = max(longest, min(begin, end) - free_from)
        free_from = max(free_from, over)
    return max(longest, end - free_from)
