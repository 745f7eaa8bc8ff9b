"""Tiles of all running conversions, decoded in batches.

Each is handed in with a deadline. Whenever the lane is free the earliest is taken, and the batch is filled with others
that the same net decodes, of whatever recording, speaker and job.
"""

import itertools
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from audio.pcm import Samples
from models.errors import DeviceLost, OutOfMemory
from models.rvc.frames import FRAME_RATE
from models.rvc.net import Net, Tile
from workers.lane import Lane
from workers.meter import Meter, current, working
from workers.metrics import TileMetrics

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting:
    net: Net
    tile: Tile
    deadline: float
    order: int
    interactive: bool
    future: Future[Samples] = field(default_factory=Future)
    meter: Meter | None = field(default_factory=current)


class Tiles:
    """`give_way` is called on the lane's thread before a batch that nobody waits for."""

    def __init__(self, lane: Lane, metrics: TileMetrics, give_way: Callable[[], None]) -> None:
        self._lane = lane
        self._metrics = metrics
        self._give_way = give_way
        self._waiting: list[_Waiting] = []
        self._order = itertools.count()
        self._lock = threading.Lock()
        # Of the lane's thread alone: what the memory held of nets for which it was too small.
        self._most: WeakKeyDictionary[Net, int] = WeakKeyDictionary()

    def submit(self, net: Net, tile: Tile, *, deadline: float, interactive: bool) -> Future[Samples]:
        """`deadline` is in seconds of the monotonic clock; `interactive`: somebody waits.

        The future may be cancelled until it has its result; what is cancelled in time is never decoded. It raises what
        `Net.decode` raises for this tile, and `OutOfMemory` where the device does not hold it even alone.
        """
        waiting = _Waiting(net, tile, deadline, next(self._order), interactive)
        with self._lock:
            self._waiting.append(waiting)
        # Every tile brings a turn of the lane. Where it went with an earlier batch, its turn finds less to do.
        self._lane.submit(self._turn, deadline=deadline)
        return waiting.future

    def _turn(self) -> None:
        if batch := self._take():
            if not any(one.interactive for one in batch):
                self._give_way()
            self._decode(batch)

    def _take(self) -> list[_Waiting]:
        with self._lock:
            wanted = [one for one in self._waiting if not one.future.cancelled()]
            wanted.sort(key=lambda one: (one.deadline, one.order))
            batch = [one for one in wanted if one.net is wanted[0].net]
            batch = batch[: self._room(batch[0].net)] if batch else []
            taken = set(batch)
            self._waiting = [one for one in wanted if one not in taken]
        return batch

    def _room(self, net: Net) -> int:
        return self._most.get(net, net.batch)

    def _decode(self, batch: list[_Waiting]) -> None:
        """Every future of the batch that is not cancelled gets its result, or an error of its own."""
        go_on: Callable[[list[_Waiting]], None]
        batch = [one for one in batch if not one.future.cancelled()]
        if not batch:
            return
        try:
            decoded = self._decoded(batch)
        except OutOfMemory:
            go_on = self._make_smaller
        except DeviceLost:
            raise  # the lane's to answer
        except Exception as error:  # noqa: BLE001 - it belongs to the job that waits for this future
            if len(batch) == 1:
                _fail(batch[0], error)
                return
            log.warning("batch failed", extra={"tiles": len(batch), "error": type(error).__name__})
            go_on = self._one_by_one
        else:
            _deliver(batch, decoded)
            return
        # Not in the handler: an error at hand keeps all tensors of the failed batch alive.
        go_on(batch)

    def _decoded(self, batch: list[_Waiting]) -> list[Samples]:
        started = time.monotonic()
        with working(((one.meter, one.tile.stop - one.tile.start) for one in batch), "decode tiles"):
            decoded = batch[0].net.decode([one.tile for one in batch])
        frames = sum(one.tile.stop - one.tile.start for one in batch)
        self._metrics.decoded(len(batch), frames / FRAME_RATE, time.monotonic() - started)
        return decoded

    def _one_by_one(self, batch: list[_Waiting]) -> None:
        for one in batch:
            self._decode([one])

    def _make_smaller(self, batch: list[_Waiting]) -> None:
        log.warning("out of memory", extra={"tiles": len(batch)})
        if len(batch) == 1:
            _fail(batch[0], OutOfMemory("The device does not hold this tile, even alone."))
            return
        half = len(batch) // 2
        self._most[batch[0].net] = half
        self._decode(batch[:half])
        self._decode(batch[half:])


# A future never counts as running before its result is there, so that its owner can cancel it all the time.


def _deliver(batch: list[_Waiting], decoded: list[Samples]) -> None:
    for one, samples in zip(batch, decoded, strict=True):
        if one.future.set_running_or_notify_cancel():
            one.future.set_result(samples)


def _fail(one: _Waiting, error: Exception) -> None:
    if one.future.set_running_or_notify_cancel():
        one.future.set_exception(error)
