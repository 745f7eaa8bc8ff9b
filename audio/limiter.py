"""Louder without clipping: gain, and a look-ahead limiter for the few peaks that would pass full scale.

The limiter is ffmpeg's `alimiter` (https://ffmpeg.org/ffmpeg-filters.html#alimiter).
"""

from collections.abc import Iterable, Iterator

import av
import numpy as np

from audio.filters import mono_frame, mono_graph, pulled
from audio.pcm import Samples

CEILING = -2.0
"""dBFS of the samples: about -1 dBTP, since a peak between two samples is higher. EBU R 128 leaves that for codecs."""

LOUDEST_GAIN = 63.0
"""36 dB: what the filter takes at most. More would only raise noise."""


def amplified(chunks: Iterable[Samples], sample_rate: int, gain: float) -> Iterator[Samples]:
    """Mono `chunks` (n,) times `gain`, at most `LOUDEST_GAIN`, no sample above `CEILING`; as many samples.

    Speech below the ceiling is only scaled; above it the limiter turns down within 5 ms and comes back within 50.
    """
    limit = 10 ** (CEILING / 20)
    settings = f"level_in={min(gain, LOUDEST_GAIN):.6f}:limit={limit:.6f}:level=0:latency=1:attack=5:release=50"
    formats = ("aformat", "sample_fmts=dbl"), ("aformat", "sample_fmts=flt")  # the limiter computes in double
    graph = mono_graph(sample_rate, formats[0], ("alimiter", settings), formats[1])
    position = 0
    for samples in chunks:
        if samples.size:
            graph.push(mono_frame(samples, sample_rate, position))
            position += samples.size
            yield from (_samples(frame) for frame in pulled(graph))
    graph.push(None)
    yield from (_samples(frame) for frame in pulled(graph))


def _samples(frame: av.AudioFrame) -> Samples:
    return np.ascontiguousarray(frame.to_ndarray()[0], np.float32)
