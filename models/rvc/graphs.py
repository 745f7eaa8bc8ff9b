"""CUDA graphs of a net's decoding: one launch instead of some hundreds, for batches of a few sizes.

A graph is of one net, one float type and one shape. Nothing random is in it: noise comes with the inputs.
"""

import logging
from collections.abc import Callable
from typing import Protocol

import torch
from torch import Tensor

Forward = Callable[[Tensor, Tensor | None, Tensor], Tensor]
Pool = tuple[int, int]

WARM_UPS = 3
"""Runs before a capture, in which the libraries choose their kernels and allocate what they keep, as torch advises."""

log = logging.getLogger(__name__)


def padded_size(count: int, most: int) -> int:
    """Items of the batch that `count` items become: 1, 2, 4, 8 …, at most `most`."""
    return min(1 << (count - 1).bit_length(), most)


def padded(x: Tensor, size: int) -> Tensor:
    """(count, …) to (size, …): what is missing is the first item again, whose numbers are sane."""
    return torch.cat([x, x[:1].expand(size - len(x), *x.shape[1:])]) if len(x) < size else x


class Captured(Protocol):
    """`Forward` for one size."""

    @property
    def pool(self) -> Pool: ...

    def __call__(self, z: Tensor, source: Tensor | None, g: Tensor) -> Tensor: ...


Capture = Callable[[Forward, Tensor, Tensor | None, Tensor, Pool | None], Captured]


class Graph:
    """`forward` captured for the shapes and float types of its first inputs, which are on a CUDA device.

    `pool`: of another graph, whose memory it shares; the two never run at once. Raises `RuntimeError`, of torch.
    """

    def __init__(self, forward: Forward, z: Tensor, source: Tensor | None, g: Tensor, pool: Pool | None = None) -> None:
        self._z, self._g = z.clone(), g.clone()
        self._source = None if source is None else source.clone()
        self._graph = torch.cuda.CUDAGraph()
        with torch.cuda.device(z.device):
            stream = self._warmed_up(forward)
            # Other threads may allocate meanwhile; of this one alone is asked to do nothing that a graph cannot hold.
            with torch.cuda.graph(self._graph, pool=pool, stream=stream, capture_error_mode="thread_local"):
                self._output = forward(self._z, self._source, self._g)

    @property
    def pool(self) -> Pool:
        pool: Pool = self._graph.pool()
        return pool

    def __call__(self, z: Tensor, source: Tensor | None, g: Tensor) -> Tensor:
        self._z.copy_(z)
        self._g.copy_(g)
        if source is not None and self._source is not None:
            self._source.copy_(source)
        self._graph.replay()
        return self._output.clone()  # the next graph to run may write there

    def _warmed_up(self, forward: Forward) -> torch.cuda.Stream:
        """The stream to capture on: never the default one."""
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(WARM_UPS):
                forward(self._z, self._source, self._g)
        torch.cuda.current_stream().wait_stream(stream)
        return stream


class Graphs:
    """`forward` of one net, by graphs of at most `most` items. Not for two threads at once.

    Once a graph cannot be captured, it runs as without graphs from then on. Raises what `forward` raises, and
    `torch.OutOfMemoryError`.
    """

    def __init__(self, forward: Forward, most: int, capture: Capture = Graph) -> None:
        self._forward = forward
        self._most = most
        self._capture = capture
        self._graphs: dict[int, Captured] = {}
        self._works = True

    def __call__(self, z: Tensor, source: Tensor | None, g: Tensor) -> Tensor:
        """What `forward` gives for these inputs, (count, …) each; all calls have the same shapes but for the count."""
        count, size = len(z), padded_size(len(z), self._most)
        if not self._works:
            return self._forward(z, source, g)
        inputs = (padded(z, size), None if source is None else padded(source, size), padded(g, size))
        return self._graph(size, inputs)(*inputs)[:count]

    def _graph(self, size: int, inputs: tuple[Tensor, Tensor | None, Tensor]) -> Forward:
        if size in self._graphs:
            return self._graphs[size]
        pool = next((graph.pool for graph in self._graphs.values()), None)
        try:
            self._graphs[size] = self._capture(self._forward, *inputs, pool)
        except torch.OutOfMemoryError:
            raise  # a graph of fewer items may fit
        except RuntimeError as error:
            self._works = False
            self._graphs.clear()
            log.warning("no CUDA graph for %d tiles, decoding goes on without: %s", size, error)
            return self._forward
        return self._graphs[size]
