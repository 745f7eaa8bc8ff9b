"""Kokoro's blocks at 40 and 80 Hz for a padded batch, StyleTTS 2's (Li et al. 2023): pitch, energy, features.

The modules are the package's; padding is cleared wherever a convolution would read it.
"""

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from models.kokoro.adain import Affines, normalised
from models.kokoro.padding import Lengths, cleared

_HALVED = 0.5**0.5


def curve(blocks: Any, head: Any, x: Tensor, affines: Affines, lengths: Lengths) -> Tensor:
    """f0 in Hz or energy, (items, 2 frames), 0 for padding. `x`: (items, 512, frames)."""
    rate = 1
    for one in blocks:
        x, rate = _block(one, x, affines, lengths, rate)
    return cleared(head(x), lengths.padding(rate)).squeeze(1)


def features(decoder: Any, text: Tensor, f0: Tensor, energy: Tensor, affines: Affines, lengths: Lengths) -> Tensor:
    """What the generator takes, (items, 512, 2 frames). `text`: (items, 512, frames), 0 for padding."""
    padding, rate = lengths.padding(1), 1
    low = [cleared(decoder.F0_conv(f0[:, None]), padding), cleared(decoder.N_conv(energy[:, None]), padding)]
    residual = decoder.asr_res(text)
    x, _ = _block(decoder.encode, torch.cat([text, *low], dim=1), affines, lengths, rate)
    for one in decoder.decode:
        x, rate = _block(one, torch.cat([x, residual, *low], dim=1), affines, lengths, rate)
    return x


def _block(block: Any, x: Tensor, affines: Affines, lengths: Lengths, rate: int) -> tuple[Tensor, int]:
    """An `AdainResBlk1d`, and how many steps a frame has behind it."""
    after = rate if block.upsample_type == "none" else 2 * rate
    y = functional.leaky_relu_(normalised(x, affines[block.norm1], lengths.padding(rate)), 0.2)
    y = _convolved(block.conv1, cleared(block.pool(y), lengths.padding(after)))
    y = _convolved(
        block.conv2, functional.leaky_relu_(normalised(y, affines[block.norm2], lengths.padding(after)), 0.2)
    )
    return (block._shortcut(x) + y).mul_(_HALVED), after  # noqa: SLF001 - the package's own name


def _convolved(convolution: Any, x: Tensor) -> Tensor:
    y: Tensor = convolution(x.to(convolution.weight.dtype))
    return y
