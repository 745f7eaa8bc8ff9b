"""ffmpeg's audio filters over mono samples that come in pieces."""

from collections.abc import Iterator
from fractions import Fraction

import av
import numpy as np
from av.error import BlockingIOError as NothingYet
from av.error import EOFError as AllOut
from av.filter import Graph

from audio.pcm import Samples


def mono_graph(sample_rate: int, *filters: tuple[str, str]) -> Graph:
    """A chain of filters, each with its arguments, that takes mono float32 frames at `sample_rate` Hz."""
    graph = Graph()
    link = graph.add_abuffer(sample_rate=sample_rate, format="flt", layout="mono", time_base=Fraction(1, sample_rate))
    for name, arguments in filters:
        following = graph.add(name, arguments)
        link.link_to(following)
        link = following
    link.link_to(graph.add("abuffersink"))
    graph.configure()
    return graph


def mono_frame(samples: Samples, sample_rate: int, position: int) -> av.AudioFrame:
    """Mono samples (n,) as a frame whose first sample is number `position` of the signal."""
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples[None, :], np.float32), "flt", "mono")
    frame.sample_rate, frame.pts, frame.time_base = sample_rate, position, Fraction(1, sample_rate)
    return frame


def pulled(graph: Graph) -> Iterator[av.AudioFrame]:
    """The frames that are ready."""
    while True:
        try:
            frame = graph.pull()
        except (NothingYet, AllOut):
            return
        assert isinstance(frame, av.AudioFrame)
        yield frame
