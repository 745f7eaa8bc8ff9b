"""Praat's autocorrelation, through parselmouth (GPL-3.0, so an extra). Fast; no net."""

import importlib
from collections.abc import Callable
from typing import Any

import numpy as np

from audio.pcm import Samples
from models.rvc.frames import FRAME_RATE, HOP, SAMPLE_RATE
from models.rvc.pitch import F0, HIGHEST, LOWEST, MethodMissing, fitted

VOICING = 0.6
SHORTEST = 2_400
"""Samples. Praat refuses what is shorter than some periods of the lowest pitch."""


class Pm:
    uses_device = False

    def __init__(self) -> None:
        self._parselmouth: Any = None

    def load(self, _device: str) -> None:
        """Raises `MethodMissing`."""
        try:
            self._parselmouth = importlib.import_module("parselmouth")
        except ModuleNotFoundError as error:
            raise MethodMissing("the pitch method pm needs parselmouth: pip install praat-parselmouth") from error

    def unload(self) -> None:
        """There are no weights to let go of."""
        self._parselmouth = None

    def f0(self, samples: Samples, between: Callable[[], None] = lambda: None) -> F0:  # noqa: ARG002 - one stage
        """As rvc-python calls it: its frames lie in the middle of the sound, so zeros are added at both ends."""
        if self._parselmouth is None:
            raise RuntimeError("pm is not loaded")
        lengthened = np.pad(samples, (0, max(0, SHORTEST - len(samples))))
        sound = self._parselmouth.Sound(lengthened.astype(np.float64), SAMPLE_RATE)
        pitch = sound.to_pitch_ac(
            time_step=1 / FRAME_RATE, voicing_threshold=VOICING, pitch_floor=LOWEST, pitch_ceiling=HIGHEST
        )
        found = pitch.selected_array["frequency"]
        missing = max(0, len(samples) // HOP - len(found))
        return fitted(np.pad(found, ((missing + 1) // 2, missing // 2)), samples)
