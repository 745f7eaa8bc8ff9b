"""Samples in memory and their raw little-endian bytes."""

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float32]
"""Mono audio: float32, shape (n,), full scale ±1."""


def to_s16(samples: Samples) -> bytes:
    """Signed 16-bit little-endian bytes of `samples` (n,), clipped to [-1, 1]; 2 n bytes."""
    whole: npt.NDArray[np.float32] = np.clip(np.rint(samples * np.float32(32_768)), -32_768, 32_767)
    return whole.astype("<i2").tobytes()


def from_s16(data: bytes) -> Samples:
    """Samples (n,) in [-1, 1) of 2 n signed 16-bit little-endian bytes; `to_s16` of them gives the bytes again."""
    return np.frombuffer(data, "<i2").astype(np.float32) / np.float32(32_768)


def to_f32(samples: Samples) -> bytes:
    """Little-endian float32 bytes of `samples` (n,), unchanged and unclipped; 4 n bytes."""
    return samples.astype("<f4", copy=False).tobytes()


def from_f32(data: bytes) -> Samples:
    """Samples (n,) of 4 n little-endian float32 bytes; the exact reverse of `to_f32`."""
    return np.frombuffer(data, "<f4").astype(np.float32)
