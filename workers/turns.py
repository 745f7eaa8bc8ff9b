"""Whose turn it is: callers before background work, which has a share of the time all the same."""

import threading
import time
from collections.abc import Callable

from workers.fill import Waiting, fill

RECENT = 10.0
"""Seconds for which a caller counts as there: another is likely to come."""

PATIENCE = 2.0
"""Seconds of rendering for callers until waiting background work has its turn, or goes on with its render."""

TURN = 0.2
"""Seconds for which background work then has the device for itself."""


class Turns:
    """The utterances that wait. Anybody may `put`; the rest is for the thread that renders."""

    def __init__(self) -> None:
        self._waiting: list[Waiting] = []
        self._lock = threading.Lock()
        self._last_call = time.monotonic() - RECENT
        self._owed = 0.0
        self._undisturbed = time.monotonic()

    def put(self, one: Waiting) -> None:
        with self._lock:
            self._waiting.append(one)
            if one.interactive:
                self._last_call = time.monotonic()

    @property
    def called_lately(self) -> bool:
        return time.monotonic() - self._last_call < RECENT

    def take(self, room: Callable[[Waiting], int]) -> list[Waiting]:
        """The next batch, the most urgent first; empty where nothing waits.

        `room`: frames that the batch of this first utterance may hold, its padding counted.
        """
        with self._lock:
            callers, background = self._wanted()
            behind = bool(background) and self._owed >= PATIENCE
            if behind:
                self._grant()
            batch = _batch(background if behind or not callers else callers + background, room)
            if not background or not batch[0].interactive:
                self._owed = 0.0
            self._remove(batch)
        return batch

    def take_amid(self, room: Callable[[Waiting], int]) -> list[Waiting]:
        """The next batch of callers, for between two stages of a background render; empty where the render goes on."""
        with self._lock:
            if self._owed >= PATIENCE:
                self._grant()
            if time.monotonic() < self._undisturbed:
                return []
            callers, _ = self._wanted()
            batch = _batch([one for one in callers if one.nests], room)
            if not batch:
                self._owed = 0.0
            self._remove(batch)
        return batch

    def spent(self, seconds: float) -> None:
        """A batch of callers took so long."""
        self._owed += seconds

    def _grant(self) -> None:
        self._owed = 0.0
        self._undisturbed = time.monotonic() + TURN

    def _wanted(self) -> tuple[list[Waiting], list[Waiting]]:
        """Callers and background work. What was cancelled is forgotten."""
        self._waiting = [one for one in self._waiting if not one.future.cancelled()]
        callers = [one for one in self._waiting if one.interactive]
        return callers, [one for one in self._waiting if not one.interactive]

    def _remove(self, batch: list[Waiting]) -> None:
        taken = set(batch)
        self._waiting = [one for one in self._waiting if one not in taken]


def _batch(company: list[Waiting], room: Callable[[Waiting], int]) -> list[Waiting]:
    if not company:
        return []
    first = min(company, key=lambda one: (not one.interactive, one.urgency))
    return fill(first, company, room(first))
