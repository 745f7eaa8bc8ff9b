"""Which float types Kokoro computes in: shorter ones where the hardware is faster with them and nobody hears it.

Durations stay as they are, since all that decides them stays in float32; so do f0 and the last convolution, whose
output is a logarithm and a phase. docs/architecture.md has what was measured.
"""

from typing import Any

import torch


def convolution_dtype(device: torch.device) -> torch.dtype:
    """For the wide convolutions of the decoder and its generator, nine tenths of the arithmetic."""
    if device.type == "cuda":
        return torch.float16
    capabilities = torch.cpu.get_capabilities()
    return torch.bfloat16 if capabilities.get("avx512_bf16") or capabilities.get("amx_bf16") else torch.float32


def lower(decoder: Any, dtype: torch.dtype) -> None:
    """Change those of the package's `Decoder` to `dtype`, in place."""
    generator = decoder.generator
    blocks = [*generator.noise_res, *generator.resblocks]
    convolutions = [one for block in blocks for one in (*block.convs1, *block.convs2)]
    wide = [one for block in (decoder.encode, *decoder.decode) for one in (block.conv1, block.conv2)]
    for one in (*wide, *generator.ups, *convolutions):
        one.to(dtype)
