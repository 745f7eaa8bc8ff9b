"""Where the heavy calls of a conversion run: at once, unless a worker has a thread for the device."""

from collections.abc import Callable
from typing import Protocol, TypeVar

T = TypeVar("T")


class Run(Protocol):
    def __call__(self, call: Callable[[], T], /) -> T:
        """The result of `call`, made on the device's thread. May raise instead, to stop."""


def at_once(call: Callable[[], T], /) -> T:
    return call()
