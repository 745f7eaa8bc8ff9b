"""How high a voice is, roughly: enough to tell whether a man's or a woman's stock voice is nearer to it."""

import numpy as np

from audio.pcm import Samples

LOWEST, HIGHEST = 65.0, 400.0
"""Hz, of speech."""

DIVIDES = 165.0
"""Hz, between most men and most women."""

FRAME_SECONDS = 0.04
VOICED = 0.5
"""Of a frame's energy that comes again after a period, in a vowel."""

MOST_FRAMES = 1_500


def median_pitch(samples: Samples, sample_rate: int) -> float | None:
    """Hz of the median voiced frame of 40 ms, by autocorrelation; None where nothing is voiced."""
    size = round(FRAME_SECONDS * sample_rate)
    shortest, longest = int(sample_rate / HIGHEST), min(int(sample_rate / LOWEST), size - 1)
    count = min(len(samples) // size, MOST_FRAMES)
    if not count:
        return None
    frames = samples[: count * size].reshape(count, size).astype(np.float64)
    frames = frames - frames.mean(axis=1, keepdims=True)
    spectrum = np.fft.rfft(frames, 2 * size)
    again = np.fft.irfft(np.abs(spectrum) ** 2)[:, : longest + 1]
    loud = again[:, 0] > np.median(again[:, 0]) / 4
    # A longer lag has fewer samples to compare.
    ratios = again[:, shortest:] / np.maximum(again[:, :1], 1e-12) * size / (size - np.arange(shortest, longest + 1))
    lags, best = ratios.argmax(axis=1) + shortest, ratios.max(axis=1)
    voiced = loud & (best > VOICED)
    return float(sample_rate / np.median(lags[voiced])) if voiced.any() else None
