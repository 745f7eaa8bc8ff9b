"""What GE2E hears: mel energies in windows of 1.6 s, as `audio` and `voice_encoder` of Resemblyzer have them."""

import numpy as np
from numpy.typing import NDArray

from audio.pcm import Samples

SAMPLE_RATE = 16_000
FRAME, HOP = 400, 160
MELS = 40

WINDOW_FRAMES = 160
WINDOWS_PER_SECOND = 1.3
COVERAGE = 0.75
"""Of the last window: it is left out where less of it is speech."""

QUIETEST = -30.0
"""dBFS (RMS) that it was trained with; what is quieter is made louder."""


def louder(samples: Samples) -> Samples:
    """`samples` at `QUIETEST` at least. Silence stays as it is."""
    level = float(np.sqrt(np.mean(np.square(samples, dtype=np.float64)))) if samples.size else 0.0
    gain = 10 ** (QUIETEST / 20) / level if level else 1.0
    return samples if gain <= 1.0 else (samples * np.float32(gain)).astype(np.float32)


def starts(length: int) -> list[int]:
    """The first frame of each window of `length` samples; one window at least."""
    frames = -(-(length + 1) // HOP)
    step = round(SAMPLE_RATE / WINDOWS_PER_SECOND / HOP)
    found = list(range(0, max(1, frames - WINDOW_FRAMES + step + 1), step))
    covered = (length - found[-1] * HOP) / (WINDOW_FRAMES * HOP)
    return found[:-1] if covered < COVERAGE and len(found) > 1 else found


def mel_energies(samples: Samples, frames: int) -> NDArray[np.float32]:
    """Mel energies without a logarithm, (`frames` or more, 40); `samples` (n,) at 16 kHz are filled up with silence."""
    from librosa.feature import melspectrogram  # noqa: PLC0415 - slow

    filled = np.pad(samples, (0, max(0, frames * HOP - len(samples))))
    energies = melspectrogram(y=filled, sr=SAMPLE_RATE, n_fft=FRAME, hop_length=HOP, n_mels=MELS)
    mel: NDArray[np.float32] = energies.astype(np.float32).T
    return mel
