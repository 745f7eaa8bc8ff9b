"""The text encoder of an RVC voice, in memory that grows with the length of a chunk and not with its square.

The package's keeps every layer's attention, a number for each two frames, and pads what is near a frame to all frames:
gigabytes for a chunk of a minute.
"""

from collections.abc import Callable, Iterator
from math import sqrt
from typing import Any

import torch
from torch import Tensor
from torch.nn import Module
from torch.nn.functional import leaky_relu_

ROWS = 512
"""Frames that look at all others at once."""


class Encoder(Module):  # type: ignore[misc]
    """The package's `TextEncoder256` and `TextEncoder768`, the same arithmetic, for chunks one at a time."""

    def __init__(self, text: Any) -> None:
        super().__init__()
        self.phone, self.pitch = text.emb_phone, getattr(text, "emb_pitch", None)
        self.attentions, self.norms = text.encoder.attn_layers, text.encoder.norm_layers_1
        self.forwards, self.later_norms = text.encoder.ffn_layers, text.encoder.norm_layers_2
        self.last = text.proj

    def forward(
        self, features: Tensor, coarse: Tensor | None, mask: Tensor, between: Callable[[], None]
    ) -> tuple[Tensor, Tensor]:
        """features (1, T, C), coarse pitch (1, T), mask of ones (1, 1, T) to mean and log deviation, (1, inter, T).

        `between` is called after each layer.
        """
        x = self.phone(features)
        if coarse is not None and self.pitch is not None:
            x += self.pitch(coarse)
        x = leaky_relu_(x * sqrt(x.shape[2]), 0.1).transpose(1, 2)
        layers = zip(self.attentions, self.norms, self.forwards, self.later_norms, strict=True)
        for attention, norm, forward, later_norm in layers:
            x = norm(x + attended(attention, x))
            x = later_norm(x + forward(x, mask))
            between()
        mean, logs = self.last(x).chunk(2, dim=1)
        return mean, logs


def attended(attention: Any, x: Tensor) -> Tensor:
    """The package's `MultiHeadAttention` of x (1, channels, T) to itself."""
    heads = (attention.n_heads, attention.k_channels, -1)
    query, key, value = (
        part(x).view(heads).transpose(1, 2) for part in (attention.conv_q, attention.conv_k, attention.conv_v)
    )
    seen = torch.cat(list(_blocks(attention, query / sqrt(attention.k_channels), key, value)), dim=1)
    y: Tensor = attention.conv_o(seen.transpose(1, 2).reshape(x.shape))
    return y


def _blocks(attention: Any, query: Tensor, key: Tensor, value: Tensor) -> Iterator[Tensor]:
    """(heads, T, channels) each, to the same in blocks of rows.

    Near frames have learnt keys and values besides, by their distance, as Shaw et al. 2018 have it.
    """
    frames = torch.arange(query.shape[1], device=query.device)
    distances = torch.arange(-attention.window_size, attention.window_size + 1, device=query.device)
    for rows, asking in zip(frames.split(ROWS), query.split(ROWS, dim=1), strict=True):
        near = rows[:, None] + distances
        inside = (near >= 0) & (near < len(frames))
        near = near.clamp(0, len(frames) - 1).expand(len(query), -1, -1)
        scores = asking @ key.transpose(1, 2)
        scores.scatter_add_(2, near, (asking @ attention.emb_rel_k.transpose(1, 2)).masked_fill(~inside, 0))
        weights = scores.softmax(dim=2)
        yield weights @ value + weights.gather(2, near).masked_fill(~inside, 0) @ attention.emb_rel_v
