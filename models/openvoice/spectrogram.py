"""What the converter hears: magnitudes of 1024 samples, every 256."""

import torch
from torch import Tensor
from torch.nn.functional import pad

WINDOW = 1024
HOP = 256
BINS = WINDOW // 2 + 1

LEAST = 2 * HOP
"""Samples: so many at least are mirrored at each end."""


def spectrogram(samples: Tensor) -> Tensor:
    """samples (n,), n at least `LEAST`, to (1, 513, n // 256), as OpenVoice's `spectrogram_torch` has it."""
    margin = (WINDOW - HOP) // 2
    mirrored = pad(samples[None], (margin, margin), mode="reflect")
    window = torch.hann_window(WINDOW, device=samples.device)
    waves = torch.stft(mirrored, WINDOW, HOP, window=window, center=False, return_complex=True)
    return torch.sqrt(torch.view_as_real(waves).pow(2).sum(-1) + 1e-6)
