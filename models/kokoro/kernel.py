"""The kernel between two convolutions of the generator, AdaIN and Snake in one, as torch compiles it."""

from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any

import torch
from torch import Tensor

from models.kokoro.adain import snaked, snaked_by_parts
from models.kokoro.compiled import Compiled
from models.kokoro.padding import Lengths, Padding

# Channels, steps a frame, and a length in frames of either side of 4,096 steps, where torch takes another kernel.
_SHAPES = ((256, 20, 100), (256, 20, 300), (128, 120, 300))


def kernel(device: torch.device) -> Compiled:
    return Compiled(snaked if device.type == "cuda" else snaked_by_parts, snaked)


def examples(device: torch.device, dtype: torch.dtype, batches: Sequence[int] = ()) -> Iterator[tuple[Any, ...]]:
    """Arguments of `adain.snaked` as the generator has them: alone, and in a batch where the device takes any."""
    batches = batches or ((1, 4) if device.type == "cuda" else (1,))
    # A pair's first layer, alone and behind another pair; its second layer.
    types = {(torch.float32, None), (torch.float32, dtype), (dtype, None)}
    for items, (channels, rate, frames), (given, changed) in product(batches, _SHAPES, types):
        lengths = Lengths(torch.full((items,), frames, device=device), frames, torch.float32)
        scale = torch.ones(items, channels, 1, device=device)
        x = torch.zeros(items, rate * frames, channels, device=device, dtype=given).transpose(1, 2)
        change = None if changed is None else _dynamic(torch.zeros_like(x, dtype=changed))
        with torch.inference_mode(mode=False):  # as the weights were made; torch tells the two kinds apart
            alpha = torch.ones(1, channels, 1, device=device)
        affine = _dynamic(scale), _dynamic(scale.clone())
        yield _dynamic(x), change, affine, alpha, _dynamic_padding(lengths.padding(rate)), dtype


def _dynamic_padding(padding: Padding | None) -> Padding | None:
    return padding and Padding(_dynamic(padding.mask), _dynamic(padding.counts))


def _dynamic(x: Tensor) -> Tensor:
    """`x`, marked: items, where there are several, and steps may be of any number."""
    for dimension, dynamic in ((0, len(x) > 1), (2, x.shape[2] > 1)):
        if dynamic:
            torch._dynamo.mark_dynamic(x, dimension)  # noqa: SLF001 - documented under this name
    return x
