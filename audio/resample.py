"""Sample rate conversion by libsoxr at its high quality setting."""

import numpy as np
import soxr

from audio.pcm import Samples


def resample(samples: Samples, from_rate: int, to_rate: int) -> Samples:
    """`samples` (n,) at `from_rate` Hz, converted to `to_rate` Hz: shape (n * to_rate / from_rate to within 1,)."""
    stream = ResampleStream(from_rate, to_rate)
    return np.concatenate([stream.push(samples), stream.finish()])


class ResampleStream:
    """Conversion of one signal that arrives in pieces; where the cuts fall changes no sample of the result."""

    def __init__(self, from_rate: int, to_rate: int) -> None:
        self._soxr = soxr.ResampleStream(from_rate, to_rate, 1, quality="HQ") if from_rate != to_rate else None

    def push(self, samples: Samples) -> Samples:
        """What is ready after `samples` (n,) more; a few milliseconds stay behind in the filter."""
        return samples if self._soxr is None else self._soxr.resample_chunk(samples)

    def finish(self) -> Samples:
        """The samples that are still in the filter. Call it once, at the end."""
        rest = np.zeros(0, np.float32)
        return rest if self._soxr is None else self._soxr.resample_chunk(rest, last=True)
