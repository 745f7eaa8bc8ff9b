"""What a pull tells the person who waits for it."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol

Advance = Callable[[int], object]


class Progress(Protocol):
    """Where a pull reports to."""

    def say(self, line: str) -> None:
        """One line that stays."""

    def step(self, label: str, total: int | None, done: int = 0) -> AbstractContextManager[Advance]:
        """A transfer of `total` bytes (None: unknown), `done` of them there; its value takes the size of each piece."""
