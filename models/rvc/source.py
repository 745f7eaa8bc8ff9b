"""The excitation of voices with pitch: a sine that follows f0, and noise. Computed as the reference's `SineGen`."""

from math import pi

import torch
from torch import Tensor
from torch.nn.functional import interpolate

SINE, BREATH = 0.1, 0.003
"""Amplitude of the sine, and of the noise upon it. Noise alone, where there is no voice, has a third of the sine's."""


def excitation(f0: Tensor, sample_rate: int, hop: int, noise: Tensor) -> Tensor:
    """f0 (T,) float32 Hz, 0 where unvoiced, and noise (T * hop,) of unit variance, to (T * hop,) float32.

    It is made of a whole chunk at once and in float32: the phase is a sum over all samples before.
    """
    cycles = (f0 / sample_rate) % 1
    ends = interpolate((cycles.cumsum(0) * hop)[None, None], scale_factor=hop, mode="linear", align_corners=True) % 1
    steps = cycles.repeat_interleave(hop)
    steps[1:] -= (ends[0, 0].diff() < 0).float()  # a whole cycle off now and then keeps the sum small, and exact
    voiced = (f0 > 0).float().repeat_interleave(hop)
    sine = torch.sin(steps.cumsum(0) * 2 * pi) * SINE
    return sine * voiced + (voiced * BREATH + (1 - voiced) * SINE / 3) * noise
