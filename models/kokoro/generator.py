"""Kokoro's generator, an iSTFTNet (Kaneko et al. 2022): features at 80 Hz to samples at 24 kHz, for a padded batch.

`generator` is the package's module throughout; the arithmetic is its own, with padding cleared wherever a convolution
would read it. Convolutions may hold weights of a shorter float type than the rest.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from models.kokoro.adain import Affines
from models.kokoro.padding import Lengths, Padding, cleared
from models.layout import convolved

_RATES = ((20, 0), (120, 1))  # steps a frame, and steps beyond, of its two stages


@dataclass(frozen=True, slots=True)
class Blocks:
    """Runs the residual blocks (`AdaINResBlock1`) of one batch.

    `snaked` is `adain.snaked` or what does the same. `between` is called after each pair of convolutions.
    """

    affines: Affines
    snaked: Callable[..., tuple[Tensor, Tensor]]
    between: Callable[[], None]

    def averaged(self, blocks: Any, x: Tensor, padding: Padding | None) -> Tensor:
        total = self.residual(blocks[0], x, padding)
        for block in blocks[1:]:
            total += self.residual(block, x, padding)
        return total.div_(len(blocks))

    def residual(self, block: Any, x: Tensor, padding: Padding | None) -> Tensor:
        change = None
        for first, second in zip(_layers(block, 1), _layers(block, 2), strict=True):
            x, y = self._snaked(x, change, first, padding)
            _, y = self._snaked(convolved(first.convolution, y), None, second, padding)
            change = convolved(second.convolution, y)
            self.between()
        return x + change

    def _snaked(
        self, x: Tensor, change: Tensor | None, layer: "_Layer", padding: Padding | None
    ) -> tuple[Tensor, Tensor]:
        affine, dtype = self.affines[layer.norm], layer.convolution.weight.dtype
        return self.snaked(x, change, affine, layer.alpha.detach(), padding, dtype)


class _Layer(NamedTuple):
    norm: Any
    alpha: Tensor
    convolution: Any


def _layers(block: Any, number: int) -> Iterator[_Layer]:
    """The first or the second of each pair of layers in an `AdaINResBlock1`."""
    parts = (getattr(block, f"{name}{number}") for name in ("adain", "alpha", "convs"))
    return map(_Layer, *parts)


def generate(generator: Any, x: Tensor, harmonics: Tensor, blocks: Blocks, lengths: Lengths) -> Tensor:
    """Samples (items, 600 frames of the longest).

    `x`: (items, 512, 2 frames), as `decoder.features` has it; `harmonics`: as `source.harmonic_spectrum` has them.
    """
    before = lengths.padding(2)
    x, harmonics = (one.transpose(1, 2).contiguous().transpose(1, 2) for one in (x, harmonics))
    for i, rate in enumerate(_RATES):
        padding = lengths.padding(*rate)
        sourced = blocks.residual(generator.noise_res[i], convolved(generator.noise_convs[i], harmonics), padding)
        x = convolved(generator.ups[i], cleared(functional.leaky_relu(x, 0.1), before))
        x = blocks.averaged(generator.resblocks[3 * i : 3 * i + 3], _joined(x, sourced), padding)
        before = padding
    return _inverse(generator, convolved(generator.conv_post, cleared(functional.leaky_relu(x), before)), before)


def _joined(x: Tensor, onto: Tensor) -> Tensor:
    """`onto` + `x`, which is mirrored at its start for the steps that it lacks, none or one."""
    lacking = onto.shape[-1] - x.shape[-1]
    onto[..., lacking:] += x
    onto[..., :lacking] += x[..., 1 : 1 + lacking]
    return onto


def _inverse(generator: Any, x: Tensor, padding: Padding | None) -> Tensor:
    """The inverse short-time transform of log magnitudes and of what is the sine of phases, (items, 22, steps)."""
    bins = generator.post_n_fft // 2 + 1
    magnitude, phase = cleared(x[:, :bins].exp(), padding), x[:, bins:].sin()
    hop, window = generator.stft.hop_length, generator.stft.window.to(x)
    frames = torch.fft.irfft(torch.polar(magnitude, phase), dim=1) * window[:, None]
    real = torch.ones_like(x[:, :1]) if padding is None else (~padding.mask).to(x)
    weight = _overlapped(real * window.square()[:, None], hop)
    # Only what lies beyond an item has no weight.
    return _overlapped(frames, hop) / weight.clamp(min=torch.finfo(x.dtype).tiny)


def _overlapped(frames: Tensor, hop: int) -> Tensor:
    """(items, length, steps) laid `hop` apart and added up, without the half frame at either end."""
    parts = frames.transpose(1, 2).unflatten(2, (-1, hop))  # (items, steps, parts, hop)
    count = parts.shape[2]
    total = sum(functional.pad(parts[:, :, i], (0, 0, i, count - 1 - i)) for i in range(count))
    return total.flatten(1)[:, count * hop // 2 : -(count * hop // 2)]
