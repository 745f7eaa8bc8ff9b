"""OpenVoice v2's converter as an engine: a tone from a clip, and speech in that tone."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from audio.pcm import Samples
from audio.resample import resample
from models.cloning.embedding import Embedding, EmbeddingBroken
from models.cloning.engine import Between, Reference, UnusableReference, Wish
from models.device_errors import device_errors
from models.openvoice.checkpoint import SAMPLE_RATE, read_converter
from models.openvoice.network import Converter
from models.openvoice.spectrogram import HOP, LEAST, spectrogram

TAU = 0.3
"""Of the latent's noise, OpenVoice's own choice."""

PART_SECONDS = 10
"""A tone is the mean of those of parts of about this length, as OpenVoice takes it."""

TONE = "tone"
"""Of an embedding: float32 (1, gin, 1), 256 numbers of the published checkpoint."""


class OpenVoice:
    """`folder` holds `config.json` and `checkpoint.pth`.

    It moves the timbre of speech towards that of a clip; the words, the melody and the manner stay.
    """

    sample_rate = SAMPLE_RATE
    source_rate = SAMPLE_RATE
    form = "1"
    longest = 30.0

    def __init__(self, folder: Path, *, tau: float = TAU) -> None:
        self._folder = folder
        self._tau = tau
        self._net: Converter | None = None
        self._device = torch.device("cpu")

    def load(self, device: str) -> None:
        """Read the weights onto a torch device ("cpu", "cuda:1").

        Raises `ModelUnreadable`, `OutOfMemory` and `DeviceLost` of `models.errors`.
        """
        net = read_converter(self._folder)
        self._device = torch.device(device)
        with device_errors(self._device):
            self._net = net.to(self._device)

    def unload(self) -> None:
        """Let go of the weights; `load` brings them back."""
        self._net = None

    def embed(self, reference: Reference) -> Embedding:
        """Raises `UnusableReference`, `OutOfMemory` and `DeviceLost`."""
        samples = resample(reference.samples, reference.sample_rate, SAMPLE_RATE)
        if len(samples) < SAMPLE_RATE:
            raise UnusableReference("The clip is shorter than a second: give one of 3 to 30 seconds.")
        with torch.inference_mode(), device_errors(self._device):
            return Embedding({TONE: self._tone(samples, lambda: None).cpu().numpy()})

    def voice(self, embedding: Embedding) -> Tensor:
        """The tone on the device. Raises `EmbeddingBroken`."""
        tone = embedding.tensors.get(TONE)
        if tone is None or tone.shape != (1, self._loaded().ref_enc.proj.out_features, 1):
            raise EmbeddingBroken("The embedding is not one of OpenVoice.")
        with device_errors(self._device):
            return torch.tensor(tone, dtype=torch.float32, device=self._device)

    def change(self, voice: Tensor, source: Samples, wish: Wish, between: Between) -> Samples:
        """As long as the source: (n,) float32 at 22,050 Hz in and out. The same seed gives the same samples.

        The tone to be taken out is that of `source` itself, so pieces of several seconds are best.

        Raises `OutOfMemory`, `DeviceLost`, and whatever `between` raises.
        """
        if not len(source):
            return source
        frames = max(-(-len(source) // HOP), LEAST // HOP)
        padded = np.pad(source, (0, frames * HOP - len(source)))
        with torch.inference_mode(), device_errors(self._device):
            samples: Samples = self._changed(voice, padded, wish.seed, between).cpu().numpy()
        return samples[: len(source)]

    def _changed(self, voice: Tensor, source: Samples, seed: int, between: Between) -> Tensor:
        net, own = self._loaded(), self._tone(source, between)
        spoken = spectrogram(torch.from_numpy(source).to(self._device))
        noise = self._noise(net.flow.channels, spoken.shape[2], seed)
        latent = net.latent(spoken, own, noise, between)
        return net(latent, (own, voice), between)

    def _noise(self, channels: int, frames: int, seed: int) -> Tensor:
        """Made on the CPU, so that a seed means the same on every device, and by a generator of its own."""
        noise = torch.randn(1, channels, frames, generator=torch.Generator().manual_seed(seed))
        return noise.to(self._device) * self._tau

    def _tone(self, samples: Samples, between: Between) -> Tensor:
        """(1, gin, 1)."""
        parts = np.array_split(samples, max(round(len(samples) / (PART_SECONDS * SAMPLE_RATE)), 1))
        tones = []
        for part in parts:
            heard = spectrogram(torch.tensor(part, device=self._device))
            tones.append(self._loaded().ref_enc(heard))
            between()
        return torch.stack(tones).mean(0)

    def _loaded(self) -> Converter:
        if self._net is None:
            raise RuntimeError("OpenVoice is not loaded")
        return self._net
