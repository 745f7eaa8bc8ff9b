"""How far a voice stands out of what sounds behind it: music, noise, a room full of people."""

from collections.abc import Sequence

import numpy as np

from audio.pcm import Samples

FRAME = 320
"""Samples at 16 kHz: 20 ms."""

FEWEST = 15
"""Frames of pauses that tell of the background. Where there are less, the quietest tenth of all frames has to."""

_FLOOR = 1e-10


def contrast(samples: Samples, speech: Sequence[tuple[int, int]]) -> float:
    """Decibels from the background up to the voice, of `samples` (n,), 16 kHz, with somebody speaking in `speech`.

    The voice is the mean power where somebody speaks, the background the median level where nobody does: a breath, or
    a word that was taken for a pause, does not count for background.

    Measured, on 10 readers, a politician's speeches and Kokoro's voices: 16.8 and more as recorded. With white noise,
    pink noise or music mixed in at 10 dB: 10.9 to 16; at 5 dB: 6.6 to 11.6; at 0 dB: 3.3 to 8.3. Of 251 more readers 5
    had less than 9.
    """
    spoken = np.zeros(len(samples), bool)
    for start, end in speech:
        spoken[start:end] = True
    frames = samples[: len(samples) // FRAME * FRAME].reshape(-1, FRAME)
    levels = 10 * np.log10(np.square(frames, dtype=np.float64).mean(axis=1) + _FLOOR)
    within = spoken[: frames.size].reshape(-1, FRAME).mean(axis=1)
    voice = 10 * np.log10(np.mean(10 ** (levels[within == 1] / 10)))
    pauses = levels[within == 0]
    background = np.median(pauses) if len(pauses) >= FEWEST else np.percentile(levels, 10)
    return float(voice - background)
