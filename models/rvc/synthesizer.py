"""A voice's net in two halves: features to a latent, a latent to samples. Neither draws random numbers."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import Embedding, Linear, Module
from torch.nn.functional import linear

from models.rvc.architecture import Architecture
from models.rvc.decoder import Decoder
from models.rvc.encoder import Encoder
from models.rvc.source import excitation

NOISE = 0.66666
"""Of a latent, as the reference scales it."""


class Synthesizer(Module):  # type: ignore[misc]
    """The package's synthesizer; `net` is what `weights.read_synthesizer` gives, and is taken apart."""

    def __init__(self, net: Module, architecture: Architecture) -> None:
        super().__init__()
        self._architecture = architecture
        self.encoder, self.flow, self.decoder = Encoder(net.enc_p), net.flow, Decoder(net.dec)
        self.speakers: Embedding = net.emb_g
        self.merge: Linear | None = net.dec.m_source.l_linear if architecture.f0 else None

    @property
    def dtype(self) -> torch.dtype:
        return self.speakers.weight.dtype

    @property
    def channels(self) -> int:
        """Of a latent."""
        return int(self.encoder.last.out_channels // 2)

    def latent(
        self, features: Tensor, coarse: Tensor | None, g: Tensor, noise: Tensor, between: Callable[[], None]
    ) -> Tensor:
        """features (1, T, C), coarse pitch (1, T), speaker (1, gin, 1), noise (1, inter, T) to z, float32 as noise.

        `between` is called amid it.
        """
        mask = features.new_ones(1, 1, features.shape[1], dtype=self.dtype)
        mean, logs = self.encoder(features.to(self.dtype), coarse, mask, between)
        z = mean.float() + logs.float().exp() * noise * NOISE
        # Compiled by torch.jit for each length anew, the flow's one scripted function costs more than it gains.
        with torch.jit.optimized_execution(False):
            flowed: Tensor = self.flow(z.to(self.dtype), mask, g=g, reverse=True)
        return flowed.float()

    def speaker(self, index: int) -> Tensor:
        """(1, gin, 1)."""
        return self.speakers.weight[index].reshape(1, -1, 1)

    def source(self, f0: Tensor, noise: Tensor) -> Tensor:
        """f0 (T,) Hz and noise (T * hop,) to the excitation (1, 1, T * hop), float32 throughout."""
        assert self.merge is not None
        sine = excitation(f0, self._architecture.sample_rate, self._architecture.hop, noise)
        merged = linear(sine[:, None], self.merge.weight.float(), self.merge.bias.float())
        return torch.tanh(merged).reshape(1, 1, -1)

    def forward(self, z: Tensor, source: Tensor | None, g: Tensor) -> Tensor:
        """z (B, inter, W), source (B, 1, W * hop) or none, g (B, gin, 1) to (B, W * hop) float32, before tanh."""
        sound = None if source is None else source.to(self.dtype)
        y: Tensor = self.decoder(z.to(self.dtype), sound, g.to(self.dtype))
        return y.float()
