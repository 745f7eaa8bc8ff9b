"""The harmonic source of Kokoro's generator (the NSF of Wang et al. 2019, as StyleTTS 2 has it), item by item.

A sine for each of nine harmonics of f0, or noise where there is no voice; nine become one; its short-time spectrum goes
into the generator. The phase is that of the `kokoro` package: there a random one is added, to a sample that its own
resampling then skips, so none is added here.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from models.kokoro.padding import Lengths, cleared
from models.kokoro.silence import FRAME

_F0_PER_FRAME = 2
SAMPLES_PER_F0 = FRAME // _F0_PER_FRAME
_REFLECTED = 10  # samples that a centred short-time transform of 20 mirrors at an end


def draw_noise(
    frames: Sequence[int], longest: int, seeds: Sequence[int | None], harmonics: int, device: torch.device
) -> Tensor:
    """Gaussian noise, float32 (items, harmonics, samples of `longest` frames): each item's by its own seed."""
    noise = torch.zeros(len(frames), harmonics, longest * FRAME, device=device)
    generator = torch.Generator(device)
    for item, count, seed in zip(noise, frames, seeds, strict=True):
        generator.seed() if seed is None else generator.manual_seed(seed)
        samples = count * FRAME
        item[:, :samples] = torch.randn(harmonics, samples, generator=generator, device=device)
    return noise


def harmonic_spectrum(generator: Any, f0: Tensor, noise: Tensor, lengths: Lengths) -> Tensor:
    """Magnitudes and phases, (items, 22, 120 frames + 1), padding cleared.

    `generator` is the package's; `f0` is in Hz (items, 2 frames), 0 for padding; `noise` as `draw_noise` gives it.
    """
    merged = _merged(generator.m_source, f0, noise)
    padding = lengths.padding(FRAME)
    if padding is not None:
        merged = _mirrored(merged, lengths)
    spectrum = torch.stft(merged, **_transform(generator, merged), return_complex=True)[
        ..., : 120 * lengths.longest + 1
    ]
    return cleared(torch.cat([spectrum.abs(), spectrum.angle()], dim=1), lengths.padding(120, 1))


def _merged(source: Any, f0: Tensor, noise: Tensor) -> Tensor:
    sines = source.l_sin_gen
    multiples = torch.arange(1, sines.dim + 1, device=f0.device, dtype=f0.dtype)[:, None]
    turns = (f0[:, None] * multiples / sines.sampling_rate) % 1
    # In float64: hundreds of turns later float32 has no more than two digits left of where in a turn a harmonic is.
    turned = functional.interpolate(
        turns.double().cumsum(-1) * SAMPLES_PER_F0, scale_factor=float(SAMPLES_PER_F0), mode="linear"
    )
    waves = turned.frac_().to(f0.dtype).mul_(2 * torch.pi).sin_().mul_(sines.sine_amp)
    voiced = (f0 > sines.voiced_threshold).to(f0.dtype)
    loudness = voiced * sines.noise_std + (1 - voiced) * sines.sine_amp / 3
    voiced, loudness = (x.repeat_interleave(SAMPLES_PER_F0, -1)[:, None] for x in (voiced, loudness))
    mixed = waves * voiced + loudness * noise.to(f0.dtype)
    return source.l_linear(mixed.transpose(1, 2)).tanh_().squeeze(-1)


def _mirrored(x: Tensor, lengths: Lengths) -> Tensor:
    """Behind the end of each item what the transform of it alone would mirror there."""
    ends = (lengths.frames * FRAME)[:, None]
    behind = torch.arange(_REFLECTED, device=x.device)[None]
    x = functional.pad(x, (0, _REFLECTED))
    return x.scatter(1, ends + behind, x.gather(1, ends - 2 - behind))


def _transform(generator: Any, x: Tensor) -> dict[str, Any]:
    stft = generator.stft
    window = stft.window.to(x)
    return {"n_fft": stft.filter_length, "hop_length": stft.hop_length, "window": window}
