"""Windows of all running transcriptions, decoded in batches.

Each is handed in with a deadline. Whenever the lane is free the earliest is taken, and the batch is filled with others,
of whatever job, that are decoded in the same way.
"""

import itertools
import threading
from concurrent.futures import Future
from dataclasses import dataclass, field

from models.whisper.decoder import Heard, Sound
from models.whisper.engine import Whisper
from models.whisper.options import Decoding
from workers.lane import Lane
from workers.meter import Meter, current, working


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting:
    deadline: float
    order: int
    whisper: Whisper
    sound: Sound
    decoding: Decoding
    future: Future[Heard] = field(default_factory=Future)
    meter: Meter | None = field(default_factory=current)

    def agrees(self, other: "_Waiting") -> bool:
        return self.whisper is other.whisper and self.decoding == other.decoding


class Windows:
    def __init__(self, lane: Lane) -> None:
        self._lane = lane
        self._waiting: list[_Waiting] = []
        self._order = itertools.count()
        self._lock = threading.Lock()

    def submit(self, whisper: Whisper, sound: Sound, decoding: Decoding, *, deadline: float) -> Future[Heard]:
        """`deadline` is in seconds of the monotonic clock. A window that is cancelled in time is never decoded."""
        waiting = _Waiting(deadline, next(self._order), whisper, sound, decoding)
        with self._lock:
            self._waiting.append(waiting)
        # Every window brings a turn of the lane. Where it went with an earlier batch, its turn finds less to do.
        self._lane.submit(self._turn, deadline=deadline)
        return waiting.future

    def _turn(self) -> None:
        if batch := self._take():
            _decode(batch)

    def _take(self) -> list[_Waiting]:
        with self._lock:
            wanted = [one for one in self._waiting if not one.future.cancelled()]
            wanted.sort(key=lambda one: (one.deadline, one.order))
            batch = [one for one in wanted if one.agrees(wanted[0])]
            batch = batch[: batch[0].whisper.batch] if batch else []
            self._waiting = [one for one in wanted if one not in batch]
        return [one for one in batch if one.future.set_running_or_notify_cancel()]


def _decode(batch: list[_Waiting]) -> None:
    """A window that cannot be decoded fails alone."""
    first = batch[0]
    try:
        with working(((one.meter, 1.0) for one in batch), "decode windows"):
            heard = first.whisper.decode([one.sound for one in batch], first.decoding)
    except Exception as error:  # noqa: BLE001 - it belongs to the job that waits for this future
        if len(batch) == 1:
            first.future.set_exception(error)
            return
        for one in batch:
            _decode([one])
        return
    for one, result in zip(batch, heard, strict=True):
        one.future.set_result(result)
