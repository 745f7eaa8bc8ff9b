"""Frames of one voice in place of those of another."""

from torch import Tensor
from torch.nn.functional import normalize

NEIGHBOURS = 4
"""As kNN-VC takes them."""


def matched(spoken: Tensor, heard: Tensor) -> Tensor:
    """Of each frame of `spoken` (N, width) the mean of the nearest, by their angle, in `heard` (T, width): (N, width).

    T is at least 1; of fewer than four the mean is of them all.
    """
    alike = normalize(spoken, dim=1) @ normalize(heard, dim=1).T
    nearest = alike.topk(min(NEIGHBOURS, len(heard)), dim=1).indices
    mean: Tensor = heard[nearest].mean(dim=1)
    return mean
