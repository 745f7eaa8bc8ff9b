"""Which steps of a padded batch are real, at each of Kokoro's time resolutions."""

from dataclasses import dataclass, field

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Padding:
    """The steps behind the end of each item of a batch.

    `mask`: bool (items, 1, steps), true where an item has no step. `counts`: (items, 1, 1), the steps that it has.
    """

    mask: Tensor
    counts: Tensor


@dataclass(frozen=True)
class Lengths:
    """How long the items of a batch are.

    `frames`: int64 (items,), of 25 ms each. `longest`: of the batch, as it is padded. `dtype`: of `Padding.counts`.
    """

    frames: Tensor
    longest: int
    dtype: torch.dtype
    _made: dict[tuple[int, int], Padding] = field(default_factory=dict, init=False)

    def padding(self, rate: int, extra: int = 0) -> Padding | None:
        """That of a tensor with `rate` steps a frame and `extra` ones; none for an item alone."""
        if len(self.frames) == 1:
            return None
        if (rate, extra) not in self._made:
            counts = self.frames * rate + extra
            steps = torch.arange(self.longest * rate + extra, device=counts.device)
            mask = (steps >= counts[:, None])[:, None]
            self._made[rate, extra] = Padding(mask, counts[:, None, None].to(self.dtype))
        return self._made[rate, extra]


def cleared(x: Tensor, padding: Padding | None) -> Tensor:
    """`x` (items, channels, steps) with zeros for padding, as a convolution sees it behind the end of an item alone."""
    return x if padding is None else x.masked_fill(padding.mask, 0)
