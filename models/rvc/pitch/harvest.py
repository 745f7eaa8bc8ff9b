"""WORLD's harvest, through pyworld (an extra). No net; a quarter of real time on one core."""

import importlib
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from audio.pcm import Samples
from models.rvc.frames import FRAME_RATE, SAMPLE_RATE
from models.rvc.pitch import F0, HIGHEST, LOWEST, MethodMissing, fitted

INSTALL = "pip install pyworld 'setuptools<82'"
"""pyworld 0.3.5 imports pkg_resources, which later setuptools lack."""


class Harvest:
    uses_device = False

    def __init__(self) -> None:
        self._world: Any = None

    def load(self, _device: str) -> None:
        """Raises `MethodMissing`."""
        try:
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", "pkg_resources is deprecated", UserWarning)
                self._world = importlib.import_module("pyworld")
        except ModuleNotFoundError as error:
            raise MethodMissing(f"the pitch method harvest needs pyworld: {INSTALL}") from error

    def unload(self) -> None:
        """There are no weights to let go of."""
        self._world = None

    def f0(self, samples: Samples, between: Callable[[], None] = lambda: None) -> F0:
        """With StoneMask's refinement. RVC's median filter comes later, for every method alike."""
        if self._world is None:
            raise RuntimeError("harvest is not loaded")
        sound = samples.astype(np.float64)
        period = 1_000 / FRAME_RATE
        found, times = self._world.harvest(sound, SAMPLE_RATE, f0_floor=LOWEST, f0_ceil=HIGHEST, frame_period=period)
        between()
        return fitted(self._world.stonemask(sound, found, times, SAMPLE_RATE), samples)
