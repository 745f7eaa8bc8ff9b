"""HiFi-GAN, the package's `GeneratorNSF` and `Generator`, with the excitation given rather than made inside.

So a piece of it is decoded with the piece of the excitation that belongs there, and nothing in it is random.
"""

from collections.abc import Sequence
from typing import Any

from torch import Tensor
from torch.nn import Module
from torch.nn.functional import leaky_relu, leaky_relu_

from models.layout import lay_out

SLOPE = 0.1


class Decoder(Module):  # type: ignore[misc]
    """z (B, inter, W), excitation (B, 1, W * hop) or none, speaker (B, gin, 1) to (B, W * hop).

    What it gives are the samples before the last tanh, which would hide an overflow.
    """

    def __init__(self, generator: Any) -> None:
        """`generator`: the package's, weight norm folded. Its layers are taken over and laid out anew."""
        super().__init__()
        self.first, self.last, self.speaker = generator.conv_pre, generator.conv_post, generator.cond
        self.ups, self.blocks = generator.ups, generator.resblocks
        self.excitations = getattr(generator, "noise_convs", None)
        lay_out(self)

    def forward(self, z: Tensor, source: Tensor | None, speaker: Tensor) -> Tensor:
        x = self.first(z.unsqueeze(2)) + self.speaker(speaker.unsqueeze(2))
        blocks_each = len(self.blocks) // len(self.ups)
        for stage, up in enumerate(self.ups):
            x = up(leaky_relu_(x, SLOPE))
            if source is not None and self.excitations is not None:
                x += self.excitations[stage](source.unsqueeze(2))
            x = _mean(self.blocks[stage * blocks_each : (stage + 1) * blocks_each], x)
        y: Tensor = self.last(leaky_relu_(x))
        return y[:, 0, 0]


def _mean(blocks: Sequence[Any], x: Tensor) -> Tensor:
    total = _residual(blocks[0], x)
    for block in blocks[1:]:
        total += _residual(block, x)
    return total.div_(len(blocks))


def _residual(block: Any, x: Tensor) -> Tensor:
    """The package's `ResBlock1`, with fewer tensors on the way."""
    for dilated, plain in zip(block.convs1, block.convs2, strict=True):
        y = leaky_relu_(dilated(leaky_relu(x, SLOPE)), SLOPE)
        x = plain(y).add_(x)
    return x
