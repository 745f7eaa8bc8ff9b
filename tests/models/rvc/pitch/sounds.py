"""Sounds whose pitch is known, and how far one pitch is from another."""

from pathlib import Path

import numpy as np
import soundfile

from audio.pcm import Samples
from models.rvc.frames import FRAME_RATE, SAMPLE_RATE
from models.rvc.pitch import F0

DATA = Path(__file__).parents[1] / "data"


def glide(seconds: float = 1.5, low: float = 140.0, high: float = 280.0) -> tuple[Samples, F0]:
    """A buzz with twelve harmonics that glides from `low` to `high` Hz, and its pitch at each frame."""
    times = np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    rate = np.log(high / low) / seconds
    phase = 2 * np.pi * low * np.expm1(rate * times) / rate
    buzz = sum(np.sin(number * phase) / number for number in range(1, 13))
    frames = np.arange(int(seconds * FRAME_RATE)) / FRAME_RATE
    return (0.2 * buzz).astype(np.float32), (low * np.exp(rate * frames)).astype(np.float32)


def silence(seconds: float = 0.5) -> Samples:
    return np.zeros(int(seconds * SAMPLE_RATE), dtype=np.float32)


def speech() -> tuple[Samples, F0]:
    """6 s of a speaker, and what the genuine RMVPE makes of them (within 35 s): Applio's `logs/reference`, MIT."""
    samples, _ = soundfile.read(DATA / "reference.flac", dtype="float32")
    return samples, np.load(DATA / "reference_rmvpe.npy")


def agreement(f0: F0, other: F0) -> tuple[float, float]:
    """The share of frames that are voiced in both or in neither, and the median distance of the former in cents."""
    both = (f0 > 0) & (other > 0)
    cents = np.abs(1_200 * np.log2(f0[both] / other[both]))
    return float(np.mean((f0 > 0) == (other > 0))), float(np.median(cents))
