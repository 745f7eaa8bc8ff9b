"""The converter's four nets, as OpenVoice v2 has them (VITS without its text side), named as in its checkpoint.

A posterior encoder makes a latent of a spectrogram, a flow takes one tone out of it and puts another in, and HiFi-GAN
makes sound of it. A reference encoder tells the tone of a spectrogram. Weight norm is folded.
"""

from collections.abc import Callable
from itertools import pairwise

import torch
from torch import Tensor
from torch.nn import GRU, Conv1d, Conv2d, LayerNorm, Linear, Module, ModuleList
from torch.nn.functional import relu

from models.hifigan import Generator, Shape
from models.openvoice.spectrogram import BINS

Between = Callable[[], None]

KERNEL = 5
POSTERIOR_LAYERS = 16
FLOW_LAYERS = 4
FLOWS = 4

REFERENCE_CHANNELS = (1, 32, 32, 64, 64, 128, 128)
REFERENCE_WIDTH = 128


class Converter(Module):  # type: ignore[misc]
    """`shape`: of its decoder. `hidden`: channels of the WaveNets. `tone_in_flow_alone`: the config's `zero_g`."""

    def __init__(self, shape: Shape, hidden: int, *, tone_in_flow_alone: bool) -> None:
        super().__init__()
        self.tone_in_flow_alone = tone_in_flow_alone
        self.dec = Generator(shape)
        self.enc_q = _Posterior(shape.inputs, hidden, shape.speaker)
        self.flow = _Flow(shape.inputs, hidden, shape.speaker)
        self.ref_enc = ReferenceEncoder(shape.speaker)

    def latent(self, spectrogram: Tensor, tone: Tensor, noise: Tensor, between: Between) -> Tensor:
        """spectrogram (1, 513, T), the tone (1, gin, 1) of who speaks, scaled noise (1, inter, T) to (1, inter, T)."""
        return self.enc_q(spectrogram, self._told(tone), noise, between)

    def forward(self, latent: Tensor, tones: tuple[Tensor, Tensor], between: Between) -> Tensor:
        """A latent, with the tone that is in it and the one that shall be, to samples (T * 256,)."""
        source, target = tones
        neutral = self.flow(latent, source, between)
        toned = self.flow(neutral, target, between, reverse=True)
        return self.dec.sound(toned, between, self._told(target))

    def _told(self, tone: Tensor) -> Tensor:
        return torch.zeros_like(tone) if self.tone_in_flow_alone else tone


class ReferenceEncoder(Module):  # type: ignore[misc]
    def __init__(self, tone: int) -> None:
        super().__init__()
        channels = list(pairwise(REFERENCE_CHANNELS))
        self.layernorm = LayerNorm(BINS)
        self.convs = ModuleList(Conv2d(few, many, 3, stride=2, padding=1) for few, many in channels)
        bins = BINS
        for _ in channels:
            bins = (bins + 1) // 2
        self.gru = GRU(REFERENCE_CHANNELS[-1] * bins, REFERENCE_WIDTH, batch_first=True)
        self.proj = Linear(REFERENCE_WIDTH, tone)

    def forward(self, spectrogram: Tensor) -> Tensor:
        """(1, 513, T) to the tone (1, gin, 1)."""
        x = self.layernorm(spectrogram.transpose(1, 2))[:, None]
        for convolution in self.convs:
            x = relu(convolution(x))
        _, last = self.gru(x.transpose(1, 2).flatten(2))
        tone: Tensor = self.proj(last[0])[:, :, None]
        return tone


class _Posterior(Module):  # type: ignore[misc]
    def __init__(self, inter: int, hidden: int, tone: int) -> None:
        super().__init__()
        self.pre = Conv1d(BINS, hidden, 1)
        self.enc = _WaveNet(hidden, POSTERIOR_LAYERS, tone)
        self.proj = Conv1d(hidden, 2 * inter, 1)

    def forward(self, spectrogram: Tensor, tone: Tensor, noise: Tensor, between: Between) -> Tensor:
        mean, logs = self.proj(self.enc(self.pre(spectrogram), tone, between)).chunk(2, dim=1)
        latent: Tensor = mean + noise * torch.exp(logs)
        return latent


class _Flow(Module):  # type: ignore[misc]
    def __init__(self, inter: int, hidden: int, tone: int) -> None:
        super().__init__()
        self.channels = inter
        # The checkpoint counts a flip after each coupling, too, which has no weights.
        couplings = (_Coupling(inter, hidden, tone) if index % 2 == 0 else Module() for index in range(2 * FLOWS))
        self.flows = ModuleList(couplings)

    def forward(self, x: Tensor, tone: Tensor, between: Between, *, reverse: bool = False) -> Tensor:
        if reverse:
            for coupling in reversed(self.flows[::2]):
                x = coupling(x.flip(1), tone, between, sign=-1)
        else:
            for coupling in self.flows[::2]:
                x = coupling(x, tone, between, sign=1).flip(1)
        return x


class _Coupling(Module):  # type: ignore[misc]
    """Moves half of the channels by what the other half and the tone say."""

    def __init__(self, inter: int, hidden: int, tone: int) -> None:
        super().__init__()
        self.pre = Conv1d(inter // 2, hidden, 1)
        self.enc = _WaveNet(hidden, FLOW_LAYERS, tone)
        self.post = Conv1d(hidden, inter // 2, 1)

    def forward(self, x: Tensor, tone: Tensor, between: Between, *, sign: int) -> Tensor:
        kept, moved = x.chunk(2, dim=1)
        mean = self.post(self.enc(self.pre(kept), tone, between))
        return torch.cat([kept, moved + sign * mean], dim=1)


class _WaveNet(Module):  # type: ignore[misc]
    def __init__(self, hidden: int, layers: int, tone: int) -> None:
        super().__init__()
        self.cond_layer = Conv1d(tone, 2 * hidden * layers, 1)
        self.in_layers = ModuleList(Conv1d(hidden, 2 * hidden, KERNEL, padding=KERNEL // 2) for _ in range(layers))
        widths = [2 * hidden] * (layers - 1) + [hidden]
        self.res_skip_layers = ModuleList(Conv1d(hidden, width, 1) for width in widths)

    def forward(self, x: Tensor, tone: Tensor, between: Between) -> Tensor:
        told = self.cond_layer(tone).chunk(len(self.in_layers), dim=1)
        total = torch.zeros_like(x)
        for heard, said, condition in zip(self.in_layers, self.res_skip_layers, told, strict=True):
            filtered, gate = (heard(x) + condition).chunk(2, dim=1)
            y = said(torch.tanh(filtered) * torch.sigmoid(gate))
            if said is not self.res_skip_layers[-1]:
                residual, y = y.chunk(2, dim=1)
                x = x + residual
            total = total + y
            between()
        return total
