"""How many frames the next batch of an engine may hold: as the memory is, and as soon as others want the device."""

import math
import time
from collections.abc import Callable

from workers.fill import LAUNCH

RECOVERY = 300.0
"""Seconds in which the budget doubles again after the memory was full: what filled it may be gone, or not."""

FADING = 0.9
"""Weight of all earlier batches beside the latest, in the pace."""


class Budget:
    """Of one engine. `clock` gives seconds that never go back."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._frames = self._seconds = 0.0
        self._limit = math.inf
        self._limited_at = clock()

    def frames(self, room: int, seconds: float) -> int:
        """Frames of a batch that takes about `seconds`, but always `LAUNCH`, and never more than `room`.

        Until the pace is known it is `LAUNCH`.
        """
        pace = self._frames / self._seconds if self._seconds else 0.0
        return int(min(room, self._remembered(), max(LAUNCH, pace * seconds)))

    def rendered(self, frames: int, seconds: float) -> None:
        """A batch of so many frames, its padding counted, took so long."""
        self._frames = FADING * self._frames + frames
        self._seconds = FADING * self._seconds + seconds

    def exceeded(self, frames: int) -> None:
        """A batch of so many frames did not fit into the memory."""
        self._limit, self._limited_at = frames / 2, self._clock()

    def _remembered(self) -> float:
        return self._limit * 2 ** min(60.0, (self._clock() - self._limited_at) / RECOVERY)
