"""Adaptive instance normalisation (Huang & Belongie 2017) under padding, and what follows it.

A style gives every channel a scale and a shift; mean and variance are taken over an item's own steps.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from models.kokoro.padding import Padding

EPSILON = 1e-5

_ROWS = 16

Affine = tuple[Tensor, Tensor]
"""Scale and shift, each (items, channels, 1)."""

Affines = Mapping[Any, Affine]
"""By the `AdaIN1d` module that they are for."""


class Styling:
    """The linear layers of many `AdaIN1d` as one matrix: a style becomes all their affines in one product."""

    def __init__(self, norms: Iterable[Any]) -> None:
        self._norms = list(norms)
        self._sizes = [norm.fc.out_features for norm in self._norms]
        self._weight = torch.cat([norm.fc.weight for norm in self._norms])
        self._bias = torch.cat([norm.fc.bias for norm in self._norms])

    def __call__(self, style: Tensor) -> Affines:
        """`style`: (items, 128)."""
        rows = functional.linear(style, self._weight, self._bias)[..., None].split(self._sizes, dim=1)
        return {norm: _affine(norm.norm, row) for norm, row in zip(self._norms, rows, strict=True)}


def _affine(norm: Any, row: Tensor) -> Affine:
    # The package's norm has a weight and a bias of its own, for the sake of an exporter.
    gamma, beta = row.chunk(2, dim=1)
    scale = 1 + gamma
    return scale * norm.weight[:, None], torch.addcmul(beta, scale, norm.bias[:, None])


def normalised(x: Tensor, affine: Affine, padding: Padding | None) -> Tensor:
    """`x` (items, channels, steps) of any float type, in the type of the affine. Padding becomes 0."""
    scale, shift = affine
    centred, variance = _moments(x.to(scale.dtype), padding)
    y = centred.mul_(scale * torch.rsqrt(variance + EPSILON)).add_(shift)
    return y if padding is None else y.masked_fill_(padding.mask, 0)


def _moments(x: Tensor, padding: Padding | None) -> tuple[Tensor, Tensor]:
    if padding is None:
        centred = x - x.mean(-1, keepdim=True)
        return centred, centred.square().mean(-1, keepdim=True)
    mean = x.masked_fill(padding.mask, 0).sum(-1, keepdim=True) / padding.counts
    centred = (x - mean).masked_fill_(padding.mask, 0)
    return centred, centred.square().sum(-1, keepdim=True) / padding.counts


def snaked(
    x: Tensor, change: Tensor | None, affine: Affine, alpha: Tensor, padding: Padding | None, dtype: torch.dtype
) -> tuple[Tensor, Tensor]:
    """`x` + `change`, and that normalised, then Snake (Ziyin et al. 2020): y + sin²(alpha y) / alpha, in `dtype`.

    `x`, `change`: (items, channels, steps) of any float types; `alpha`: (1, channels, 1).
    """
    x = x if change is None else x + change
    y = normalised(x, affine, padding)
    wave = (y * alpha).sin_().square_().mul_(1 / alpha)
    return x, y.add_(wave).to(dtype)


def snaked_by_rows(
    x: Tensor, change: Tensor | None, affine: Affine, alpha: Tensor, padding: Padding | None, dtype: torch.dtype
) -> tuple[Tensor, Tensor]:
    """The same, a few channels at a time, so that what lies between two operations stays in a CPU's cache."""
    x = x if change is None else x + change
    y = torch.empty_like(x, dtype=dtype)
    parts = (part.split(_ROWS, dim=1) for part in (y, x, *affine, alpha))
    for out, some, scale, shift, alphas in zip(*parts, strict=True):
        out.copy_(snaked(some, None, (scale, shift), alphas, padding, dtype)[1])
    return x, y
