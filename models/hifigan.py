"""HiFi-GAN's generator (Kong et al. 2020, V1), named in its parts as its checkpoints are.

Weight norm is no part of it: `folded` takes it out of a checkpoint. Once that is loaded, `models.layout.lay_out` makes
the net ready for use.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import Conv1d, ConvTranspose1d, Module, ModuleList
from torch.nn.functional import leaky_relu, leaky_relu_

SLOPE = 0.1

TILE = 250
"""Frames that are kept of one pass, at most: some seconds, so that neither memory nor a pass grows with the length."""

MARGIN = 16
"""Frames on each side that a pass sees besides. 13 make no difference to what is kept: see the tests."""


@dataclass(frozen=True, slots=True)
class Shape:
    inputs: int
    """Channels of a frame."""
    channels: int
    """After the first convolution; each stage halves them."""
    rates: Sequence[int]
    """Steps that each stage makes of one; their product is the samples of a frame."""
    kernels: Sequence[int]
    """Of each stage's transposed convolution."""
    block_kernels: Sequence[int]
    """Of the residual blocks that a stage takes the mean of."""
    block_dilations: Sequence[Sequence[int]]
    speaker: int = 0
    """Numbers that tell the speaker; 0: it takes none."""
    last_bias: bool = True


class Generator(Module):  # type: ignore[misc]
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        widths = [shape.channels >> stage for stage in range(len(shape.rates) + 1)]
        self.conv_pre = Conv1d(shape.inputs, widths[0], 7, padding=3)
        self.ups = ModuleList(
            ConvTranspose1d(wide, narrow, kernel, rate, padding=(kernel - rate) // 2)
            for wide, narrow, kernel, rate in zip(widths, widths[1:], shape.kernels, shape.rates, strict=False)
        )
        blocks = list(zip(shape.block_kernels, shape.block_dilations, strict=True))
        self.resblocks = ModuleList(_Residual(width, *block) for width in widths[1:] for block in blocks)
        self.conv_post = Conv1d(widths[-1], 1, 7, padding=3, bias=shape.last_bias)
        self.cond = Conv1d(shape.speaker, widths[0], 1) if shape.speaker else None

    def sound(self, frames: Tensor, between: Callable[[], None], speaker: Tensor | None = None) -> Tensor:
        """frames (1, inputs, T) and speaker (1, speaker, 1) to samples (T * product of the rates,), -1 to 1.

        `between` is called amid it.
        """
        count = frames.shape[2]
        pieces = []
        for start in range(0, count, TILE):
            stop = min(start + TILE, count)
            first, last = max(start - MARGIN, 0), min(stop + MARGIN, count)
            samples = self(frames[:, :, first:last], between, speaker)[0, 0]
            hop = len(samples) // (last - first)
            pieces.append(samples[(start - first) * hop : (stop - first) * hop])
        return torch.cat(pieces)

    def forward(self, frames: Tensor, between: Callable[[], None], speaker: Tensor | None = None) -> Tensor:
        """frames (B, inputs, T) and speaker (B, speaker, 1) to samples (B, 1, T * product of the rates), at once."""
        x = self.conv_pre(frames.unsqueeze(2))
        if self.cond is not None and speaker is not None:
            x = x + self.cond(speaker.unsqueeze(2))
        each = len(self.resblocks) // len(self.ups)
        for stage, up in enumerate(self.ups):
            x = up(leaky_relu_(x, SLOPE))
            between()
            blocks = self.resblocks[stage * each : (stage + 1) * each]
            total = blocks[0](x, between)
            for block in blocks[1:]:
                total += block(x, between)
            x = total / each
        return torch.tanh(self.conv_post(leaky_relu_(x))).squeeze(2)


class _Residual(Module):  # type: ignore[misc]
    def __init__(self, channels: int, kernel: int, dilations: Sequence[int]) -> None:
        super().__init__()
        self.convs1 = ModuleList(_same(channels, kernel, dilation) for dilation in dilations)
        self.convs2 = ModuleList(_same(channels, kernel, 1) for _ in dilations)

    def forward(self, x: Tensor, between: Callable[[], None]) -> Tensor:
        for dilated, plain in zip(self.convs1, self.convs2, strict=True):
            y = leaky_relu_(dilated(leaky_relu(x, SLOPE)), SLOPE)
            between()
            x = plain(y) + x
            between()
        return x


def _same(channels: int, kernel: int, dilation: int) -> Conv1d:
    """As many steps out as in."""
    return Conv1d(channels, channels, kernel, dilation=dilation, padding=(kernel - 1) * dilation // 2)


def folded(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """`weights` with one `name` in place of each pair that weight norm makes of it: `name_g`, lengths of the first
    dimension's parts, and `name_v`, their directions. Raises `KeyError` where one of two is missing."""
    plain = {name: tensor for name, tensor in weights.items() if not name.endswith(("weight_g", "weight_v"))}
    for name in (name.removesuffix("_v") for name in weights if name.endswith("weight_v")):
        directions = weights[f"{name}_v"]
        plain[name] = directions * (weights[f"{name}_g"] / torch.norm_except_dim(directions, 2, 0))
    return plain
