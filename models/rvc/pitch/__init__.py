"""Ways to find the pitch of a voice. Each is a class with `load`, `unload` and `f0`, in the module of its name."""

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from audio.pcm import Samples
from models.rvc.frames import HOP

F0 = NDArray[np.float32]
"""(frames,), Hz; 0 where nothing is voiced."""

LOWEST, HIGHEST = 50.0, 1_100.0
"""Hz, the range that RVC searches with the methods that ask for one."""


class MethodMissing(Exception):
    """The library of this method is not installed. The message says how to install it."""


class PitchNet(Protocol):
    uses_device: bool
    """Whether it runs on the device that `load` names; else it is plain CPU work, and needs no turn on the device."""

    def load(self, device: str) -> None:
        """Read the weights onto a torch device. Raises `MethodMissing`, `models.errors.ModelUnreadable`."""

    def unload(self) -> None:
        """Let go of the weights; `load` brings them back."""

    def f0(self, samples: Samples, between: Callable[[], None] = lambda: None) -> F0:
        """The pitch of `samples` (n,) at 16 kHz in one piece: (n // HOP,).

        `between` is called on this thread between two stages, where there are any; what it raises ends the search.

        Raises `OutOfMemory` and `DeviceLost` of `models.errors`.
        """


def fitted(f0: NDArray[np.floating[Any]], samples: Samples) -> F0:
    """`f0` cut or filled with 0 to the frames of `samples`, whatever a library makes of the last one."""
    frames = len(samples) // HOP
    return np.pad(f0[:frames].astype(np.float32), (0, max(0, frames - len(f0))))
