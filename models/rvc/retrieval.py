"""Features drawn towards those that the voice was trained on: the index of a voice, searched exactly."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from models.device_errors import device_errors

NEIGHBOURS = 8
CELLS = 1 << 24
"""Distances found at once, 64 MiB: a fraction of a second on a CPU."""


class Retrieval:
    """The vectors of a voice's index, (N, C) float32, on the device where they are searched.

    Every vector is compared, so the eight nearest are found always; the reference searches one list of an inverted file
    and finds two thirds of them. Distances are float32 throughout: their squares overflow half precision.
    """

    def __init__(self, vectors: Tensor) -> None:
        self.vectors = vectors
        self._norms = vectors.square().sum(dim=1)

    def blend(self, features: Tensor, rate: float, between: Callable[[], None] = lambda: None) -> Tensor:
        """Float32 (1, T, C) to the same shape: `rate` of the mean of the nearest vectors, and the rest of the features.

        The eight nearest weigh 1 / distance ** 4, as in the reference. `between` is called amid it, and what it raises
        ends it. Raises `OutOfMemory`, `DeviceLost`.
        """
        if rate == 0:
            return features
        with torch.inference_mode(), device_errors(self.vectors.device):
            nearest = torch.cat(list(self._means(features[0], between)))
            return nearest[None] * rate + (1 - rate) * features

    def _means(self, queries: Tensor, between: Callable[[], None]) -> Iterator[Tensor]:
        for block in queries.split(max(1, CELLS // len(self.vectors))):
            yield self._mean(block)
            between()

    def _mean(self, queries: Tensor) -> Tensor:
        vectors, distances = self._nearest(queries)
        # relative to the nearest: neither overflows nor is 0 / 0 where a query is one of the vectors
        distances = distances.clamp_min(torch.finfo(torch.float32).tiny)
        weights = (distances[:, :1] / distances).square()
        weights /= weights.sum(dim=1, keepdim=True)
        return (vectors * weights[..., None]).sum(dim=1)

    def _nearest(self, queries: Tensor) -> tuple[Tensor, Tensor]:
        """The nearest vectors, (T, 8, C), and their squared distances, (T, 8), nearest first."""
        # |v|^2 - 2 q v is quick and rounds badly, so it only finds twice as many as are needed
        rough = torch.addmm(self._norms[None], queries, self.vectors.T, alpha=-2.0)
        found = rough.topk(min(2 * NEIGHBOURS, len(self.vectors)), dim=1, largest=False).indices
        distances = (self.vectors[found] - queries[:, None]).square().sum(dim=-1)
        distances, order = distances.topk(min(NEIGHBOURS, found.shape[1]), dim=1, largest=False)
        return self.vectors[found.gather(1, order)], distances
