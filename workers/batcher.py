"""Utterances of all running speech jobs, rendered in batches on the lane.

Whoever waits or streams goes first, by deadline; background work fills the rest of the time. So that a caller need not
wait for the end of a background batch, two things are done:

* On a device that batches, such a batch is short while there are callers.
* Where the engine stops between two stages of a render, callers are served right there, on the same thread, and the
  render goes on afterwards. So no segment is ever cut shorter because somebody waits: what a background job sounds
  like does not depend on the load.
"""

import itertools
import logging
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from weakref import WeakKeyDictionary

from models.errors import DeviceLost, OutOfMemory
from models.kokoro.engine import Kokoro, Synthesis, Utterance
from workers.budget import Budget
from workers.fill import Waiting, size_of
from workers.lane import Lane
from workers.meter import working
from workers.metrics import BatchMetrics
from workers.turns import Turns

log = logging.getLogger(__name__)

CALLERS = 0.25
"""Seconds that a batch of callers may take, about: the next caller waits for it."""

BESIDE_CALLERS = 0.1
"""Likewise a background batch while there are callers, or were lately."""

UNDISTURBED = 1.0
"""Likewise a background batch otherwise."""


class _Unwanted(Exception):
    """Nobody waits for anything of this batch any more."""


class Batcher:
    def __init__(self, lane: Lane, metrics: BatchMetrics) -> None:
        self._lane = lane
        self._metrics = metrics
        self._turns = Turns()
        self._order = itertools.count()
        # Of the lane's thread alone.
        self._budgets: WeakKeyDictionary[Kokoro, Budget] = WeakKeyDictionary()
        self._given_way = 0.0

    def submit(self, engine: Kokoro, utterance: Utterance, *, deadline: float, interactive: bool) -> Future[Synthesis]:
        """`deadline` is in seconds of the monotonic clock; `interactive`: somebody waits or streams.

        The future may be cancelled until it has its result: what is cancelled in time is never rendered, and a batch of
        which nothing is wanted any more ends at its next stage. It raises what `Kokoro.synthesize` raises for this
        utterance, and `OutOfMemory` where the device does not hold it even alone.
        """
        one = Waiting(engine, utterance, deadline, next(self._order), interactive, submitted=time.monotonic())
        self._queue(one)
        return one.future

    def give_way(self) -> None:
        """Serves callers amid background work of the lane's thread: of a batch, or of whatever else runs there."""
        started = time.monotonic()
        self._lane.live()
        while batch := self._turns.take_amid(self._room):
            self._metrics.preemptions.inc()
            self._begin(batch, amid=True)
            self._lane.live()
        self._given_way += time.monotonic() - started

    def _queue(self, one: Waiting) -> None:
        self._turns.put(one)
        # Every utterance brings a turn of the lane. Where it went with an earlier batch, its turn finds less to do.
        self._lane.submit(self._turn, deadline=one.deadline)

    def _turn(self) -> None:
        if batch := self._turns.take(self._room):
            self._begin(batch, amid=False)

    def _room(self, first: Waiting) -> int:
        """Frames that the batch of this utterance may hold."""
        try:
            room = first.engine.room()
        except Exception as error:  # noqa: BLE001 - of the device's driver: rendering one alone shows what is wrong
            log.warning("the device does not tell its room", extra={"error": type(error).__name__})
            return 0
        background = BESIDE_CALLERS if self._turns.called_lately else UNDISTURBED
        return self._budget(first.engine).frames(room, CALLERS if first.interactive else background)

    def _budget(self, engine: Kokoro) -> Budget:
        return self._budgets.setdefault(engine, Budget())

    def _begin(self, batch: list[Waiting], *, amid: bool) -> None:
        now = time.monotonic()
        self._metrics.began(
            waits=[(one.interactive, now - one.submitted) for one in batch],
            frames=size_of(batch).padded,
            room=self._room(batch[0]),
        )
        self._render(batch, amid=amid)

    def _render(self, batch: list[Waiting], *, amid: bool) -> None:
        """Every future of the batch that is not cancelled gets its result, or an error of its own."""
        go_on: Callable[..., None]
        try:
            syntheses = self._synthesize(batch)
        except _Unwanted:
            return
        except OutOfMemory:
            go_on = self._make_smaller
        except DeviceLost:
            raise  # the lane's to answer, also amid another batch
        except Exception as error:  # noqa: BLE001 - it belongs to the job that waits for this future
            if len(batch) == 1:
                _fail(batch[0], error)
                return
            log.warning("batch failed", extra={"utterances": len(batch), "error": type(error).__name__})
            go_on = self._one_by_one
        else:
            _deliver(batch, syntheses)
            return
        # Not in the handler: an error at hand keeps all tensors of the failed batch alive.
        go_on(batch, amid=amid)

    def _synthesize(self, batch: list[Waiting]) -> list[Synthesis]:
        callers = any(one.interactive for one in batch)

        def between() -> None:
            _check(batch)
            self._lane.live()
            if not callers:
                self.give_way()

        _check(batch)
        engine, given_way, started = batch[0].engine, self._given_way, time.monotonic()
        try:
            with working(((one.meter, one.frames) for one in batch), "render"):
                syntheses = engine.synthesize_batch([one.utterance for one in batch], between=between)
        finally:
            seconds = time.monotonic() - started - (self._given_way - given_way)
            if callers:
                self._turns.spent(seconds)
        self._budget(engine).rendered(size_of(batch).padded, seconds)
        self._metrics.rendered([one.samples.size / engine.sample_rate for one in syntheses], seconds)
        return syntheses

    def _one_by_one(self, batch: list[Waiting], *, amid: bool) -> None:
        self._metrics.broken.inc()
        for one in batch:
            self._render([one], amid=amid)

    def _make_smaller(self, batch: list[Waiting], *, amid: bool) -> None:
        frames = size_of(batch).padded
        self._metrics.out_of_memory.inc()
        log.warning("out of memory", extra={"utterances": len(batch), "frames": frames, "amid": amid})
        if amid:
            # The background batch holds memory too: they wait for its end.
            for one in batch:
                self._queue(replace(one, nests=False))
        elif len(batch) == 1:
            _fail(batch[0], OutOfMemory("The device does not hold this utterance, even alone."))
        else:
            self._budget(batch[0].engine).exceeded(frames)
            half = len(batch) // 2
            self._render(batch[:half], amid=amid)
            self._render(batch[half:], amid=amid)


def _check(batch: list[Waiting]) -> None:
    if all(one.future.cancelled() for one in batch):
        raise _Unwanted


# A future never counts as running before its result is there, so that its owner can cancel it all the time.


def _deliver(batch: list[Waiting], syntheses: list[Synthesis]) -> None:
    for one, synthesis in zip(batch, syntheses, strict=True):
        if one.future.set_running_or_notify_cancel():
            one.future.set_result(synthesis)


def _fail(one: Waiting, error: Exception) -> None:
    if one.future.set_running_or_notify_cancel():
        one.future.set_exception(error)
