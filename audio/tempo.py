"""Speech slower or faster at the same pitch: ffmpeg's `atempo` (https://ffmpeg.org/ffmpeg-filters.html#atempo)."""

from collections.abc import Iterable, Iterator
from math import ceil, log2

import numpy as np

from audio.filters import mono_frame, mono_graph, pulled
from audio.pcm import Samples


def at_tempo(blocks: Iterable[Samples], sample_rate: int, tempo: float) -> Iterator[Samples]:
    """Mono `blocks` (n,), `tempo` (0.25 to 4) times as fast; block by block, each some milliseconds late."""
    if tempo == 1:
        yield from blocks
        return
    # One filter leaves samples out above 2, and takes no less than 0.5.
    times = max(1, ceil(abs(log2(tempo)) - 1e-9))
    filters = [("atempo", f"{tempo ** (1 / times):.6f}")] * times
    graph, position = mono_graph(sample_rate, *filters, ("aformat", "sample_fmts=flt")), 0
    for block in blocks:
        if block.size:
            graph.push(mono_frame(block, sample_rate, position))
            position += block.size
            yield from (np.ascontiguousarray(frame.to_ndarray()[0], np.float32) for frame in pulled(graph))
    if position:
        graph.push(None)
        yield from (np.ascontiguousarray(frame.to_ndarray()[0], np.float32) for frame in pulled(graph))
