"""Whether a ContentVec is the one that RVC's voices were trained on: its features of silence, against real ones.

`silence_golden.npz` has every eighth frame, from frame 2 on, of what the genuine checkpoint makes of 3 s of digital
silence at 16 kHz: "v1" (19, 256) and "v2" (19, 768), float16, as v2 was computed. They are from `3_feature256/mute.npy`
and `3_feature768/mute.npy` of the folder `logs/mute` that RVC's WebUI (MIT) brings for training.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.rvc.architecture import Version
from models.rvc.frames import SAMPLE_RATE
from models.rvc.hubert import Hubert

SECONDS = 3
FIRST, EVERY = 2, 8
LEAST = 0.99
"""Of the cosine. Half precision keeps 0.9999; another layer or checkpoint is far below."""

_FILE = Path(__file__).with_name("silence_golden.npz")


def landmarks() -> dict[Version, NDArray[np.float32]]:
    """The genuine features of silence: (19, 256) for v1, (19, 768) for v2."""
    with np.load(_FILE) as stored:
        return {"v1": stored["v1"].astype(np.float32), "v2": stored["v2"].astype(np.float32)}


def check(hubert: Hubert) -> dict[Version, float]:
    """The cosine between the features of `hubert`, which is loaded, and the genuine ones, for each version it has."""
    silence = np.zeros(SECONDS * SAMPLE_RATE, dtype=np.float32)
    genuine = landmarks()
    found = {version: hubert.features(silence, version)[0, FIRST::EVERY].cpu().numpy() for version in hubert.versions}
    return {version: _cosine(features, genuine[version]) for version, features in found.items()}


def _cosine(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    norms = float(np.linalg.norm(one) * np.linalg.norm(other))
    return float(np.vdot(one, other)) / norms if norms else 0.0
