"""What a worker process may hold at once: how many background steps, and whether one runs alone."""

import threading
from collections.abc import Callable

from jobs.ledger import Claim


class Slots:
    """Background steps take three quarters of the threads at most, so that callers who wait find some free.

    A step that must run alone is taken only by an idle process, which then takes nothing else until it is done.
    """

    def __init__(self, threads: int) -> None:
        self._lock = threading.Lock()
        self._background_limit = max(1, threads * 3 // 4)
        self._held: list[Claim] = []
        self._closed = False

    def take(self, claim: Callable[[bool, bool], Claim | None]) -> Claim | None:
        """Calls `claim(background, alone)` under the lock, with what is free now."""
        with self._lock:
            if self._closed or any(held.alone for held in self._held):
                return None
            background = sum(not held.interactive for held in self._held) < self._background_limit
            taken = claim(background, not self._held)
            if taken:
                self._held.append(taken)
            return taken

    def give_back(self, claim: Claim) -> None:
        with self._lock:
            self._held.remove(claim)

    def close(self) -> list[Claim]:
        """Takes nothing more; what is held."""
        with self._lock:
            self._closed = True
            return list(self._held)

    def held(self) -> list[Claim]:
        with self._lock:
            return list(self._held)
