"""Seconds by stage of something that is not ours to change: its functions are watched from outside."""

import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

import torch


class Stopwatch:
    """Each stage is counted without those inside it. On a card every change of stage waits for it. For one thread."""

    def __init__(self, device: str) -> None:
        self._on_card = device != "cpu"
        self._device = device
        self._inside: list[str] = []
        self._last = 0.0
        self.seconds: defaultdict[str, float] = defaultdict(float)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        self._tick()
        self._inside.append(name)
        try:
            yield
        finally:
            self._tick()
            self._inside.pop()

    def watch(self, owner: Any, function: str, stage: str) -> None:
        """From now on each call of the class's or module's `function` counts for `stage`."""
        watched = getattr(owner, function)

        @wraps(watched)
        def call(*arguments: Any, **options: Any) -> Any:
            with self.stage(stage):
                return watched(*arguments, **options)

        setattr(owner, function, call)

    def _tick(self) -> None:
        if self._on_card:
            torch.cuda.synchronize(self._device)
        now = time.monotonic()
        if self._inside:
            self.seconds[self._inside[-1]] += now - self._last
        self._last = now
