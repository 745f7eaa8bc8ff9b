"""How like two voices are, by two judges that no cloning model was made with: CAM++ and GE2E."""

import io
from dataclasses import dataclass
from typing import Self

import numpy as np

from audio.decode import decode
from audio.pcm import Samples
from jobs.settings import load_settings
from models.catalog import load_catalog
from models.diarization.engine import Diarizer
from models.ge2e.engine import Ge2e
from models.store import Store

RATE = 16_000


@dataclass(frozen=True, slots=True)
class Likeness:
    """Cosines, in -1..1. One person's recordings are alike by some 0.8 to both; strangers by 0.37 and 0.53."""

    campplus: float
    ge2e: float


class Judges:
    def __init__(self, diarizer: Diarizer, ge2e: Ge2e) -> None:
        self._diarizer = diarizer
        self._ge2e = ge2e

    @classmethod
    def installed(cls) -> Self:
        """Raises `StoreError` where they are not installed, and `ModelUnreadable`."""
        settings = load_settings()
        store = Store(settings.models_dir, load_catalog(settings.catalog))
        judges = cls(Diarizer(store.folder_of("campplus")), Ge2e(store.folder_of("ge2e")))
        judges._diarizer.load("cpu")
        judges._ge2e.load("cpu")
        return judges

    def alike(self, clip: bytes, said: bytes) -> Likeness:
        """Of two encoded files."""
        return self._compared(_heard(clip), _heard(said))

    def halves(self, clip: bytes) -> Likeness:
        """Of a file's own halves: what the same voice, recorded alike, comes to."""
        samples = _heard(clip)
        return self._compared(samples[: len(samples) // 2], samples[len(samples) // 2 :])

    def _compared(self, one: Samples, other: Samples) -> Likeness:
        campplus = (self._diarizer.voice(samples) for samples in (one, other))
        ge2e = (self._ge2e.embed(samples) for samples in (one, other))
        return Likeness(float(np.dot(*campplus)), float(np.dot(*ge2e)))


def _heard(file: bytes) -> Samples:
    return decode(io.BytesIO(file), RATE).samples
