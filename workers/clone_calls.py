"""An engine's calls for one job that clones or changes a voice, made on the lane in turn with those of others."""

import threading
from collections.abc import Callable, Generator, Iterable
from concurrent import futures
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

import torch

from audio.pcm import Samples
from workers.lane import Lane
from workers.step import PATIENCE, Step

Result = TypeVar("Result")


class _Unwanted(Exception):
    """Nobody takes what the call makes."""


class CloneCalls:
    """Every method raises `LeaseLost` and `Stopping` as `Step.check` does. One call at a time.

    Background work lets callers go first: before each call, and inside them, wherever the engine has a place to stop.
    """

    def __init__(self, step: Step, *, lane: Lane, give_way: Callable[[], None], device: str) -> None:
        self._step = step
        self._lane = lane
        self._give_way = give_way
        self._cards = [torch.device(device).index or 0] if device.startswith("cuda") else []
        self._unwanted = threading.Event()

    def between(self) -> None:
        """To be called amid long calls, on whatever thread they are made."""
        self._step.check()
        self._lane.live()
        if self._unwanted.is_set():
            raise _Unwanted
        if self._lane.here and not self._step.claim.interactive:
            self._let_others_go_first()

    def made(self, call: Callable[[], Result], *, after: float = 0.0) -> Result:
        """The call's result. `after`: seconds of audio that come before what it makes."""

        def begun() -> Result:
            self.between()
            return call()

        future = self._lane.submit(begun, deadline=self._step.deadline(after))
        try:
            return self._step.wait(future)
        finally:
            self._end(future)

    def blocks(self, call: Callable[[], Iterable[Samples]], *, after: float = 0.0) -> Generator[Samples, None, None]:
        """What the call gives, each block as soon as it is made. Close it before the next call."""
        came: SimpleQueue[Samples | None] = SimpleQueue()

        def begun() -> None:
            try:
                self.between()
                for block in call():
                    came.put(block)
            finally:
                came.put(None)

        future = self._lane.submit(begun, deadline=self._step.deadline(after))
        try:
            while (block := self._next(came)) is not None:
                yield block
            future.result()
        finally:
            self._end(future)

    def _next(self, came: "SimpleQueue[Samples | None]") -> Samples | None:
        while True:
            self._step.check()
            try:
                return came.get(timeout=PATIENCE)
            except Empty:
                continue

    def _end(self, future: Future[Any]) -> None:
        """Returns when the call runs no more, so that its engine may be unloaded."""
        self._unwanted.set()
        if not future.cancel():
            futures.wait([future])
        self._unwanted.clear()

    def _let_others_go_first(self) -> None:
        # They draw from the same generators, and the engine may have switched to lower precision around this.
        with (
            torch.random.fork_rng(devices=self._cards),
            torch.autocast("cpu", enabled=False),
            torch.autocast("cuda", enabled=False),
        ):
            self._give_way()
