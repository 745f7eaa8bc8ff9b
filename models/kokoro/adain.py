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

_PART = 500_000  # elements

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


def snaked_by_parts(
    x: Tensor, change: Tensor | None, affine: Affine, alpha: Tensor, padding: Padding | None, dtype: torch.dtype
) -> tuple[Tensor, Tensor]:
    """The same. An item alone is done some steps at a time: what lies between two operations stays in a CPU's cache."""
    if padding is not None:
        return snaked(x, change, affine, alpha, padding, dtype)
    x = x if change is None else x + change
    scale, shift = affine
    parts = x.split(_PART // x.shape[1], dim=-1)
    mean = x.mean(-1, keepdim=True, dtype=scale.dtype)
    squares = torch.stack([(part - mean).square_().sum(-1, keepdim=True) for part in parts]).sum(0)
    scale = scale * torch.rsqrt(squares / x.shape[-1] + EPSILON)
    shift = shift - mean * scale
    y = torch.empty_like(x, dtype=dtype)
    for part, out in zip(parts, y.split(_PART // x.shape[1], dim=-1), strict=True):
        normal = (part * scale).add_(shift)
        out.copy_((normal * alpha).sin_().square_().mul_(1 / alpha).add_(normal))
    return x, y
