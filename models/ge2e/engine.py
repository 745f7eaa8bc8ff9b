"""Resemblyzer's GE2E encoder: speech in, a vector of its speaker out (Wan et al. 2018, arXiv 1710.10467).

The same numbers as `resemblyzer.VoiceEncoder.embed_utterance` gives, without the package, whose own dependencies are
long gone.
"""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import LSTM, Linear, Module
from torch.nn.functional import normalize, relu

from audio.pcm import Samples
from models.device_errors import device_errors
from models.errors import BROKEN, ModelUnreadable
from models.ge2e.features import MELS, SAMPLE_RATE, WINDOW_FRAMES, louder, mel_energies, starts

FILE = "pretrained.pt"
SIZE = 256
LAYERS = 3

Voiceprint = NDArray[np.float32]
"""(256,), not negative, of length 1. The cosine of two of one speaker is about 0.86, of strangers about 0.53."""


class Ge2e:
    """One model; `folder` holds `pretrained.pt` of the package Resemblyzer."""

    sample_rate = SAMPLE_RATE

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE
        self._encoder: _Encoder | None = None
        self._device = torch.device("cpu")

    def load(self, device: str) -> None:
        """Read the weights onto a torch device. Raises `ModelUnreadable`."""
        self._device = torch.device(device)
        self._encoder = _read(self._path).to(self._device)

    def unload(self) -> None:
        """Let go of the weights; `load` brings them back."""
        self._encoder = None

    def embed(self, samples: Samples) -> Voiceprint:
        """Who speaks in `samples` (n,), mono, 16 kHz: the mean of windows of 1.6 s; what is shorter is filled up.

        Raises `OutOfMemory` and `DeviceLost` of `models.errors`.
        """
        if self._encoder is None:
            raise RuntimeError("GE2E is not loaded")
        windows = _windows(louder(samples))
        with torch.inference_mode(), device_errors(self._device):
            mean = self._encoder(torch.from_numpy(windows).to(self._device)).mean(dim=0)
            vector: Voiceprint = normalize(mean, dim=0).cpu().numpy()
        return vector


def _windows(samples: Samples) -> NDArray[np.float32]:
    """(windows, 160, 40)."""
    first = starts(len(samples))
    mel = mel_energies(samples, first[-1] + WINDOW_FRAMES)
    return np.stack([mel[start : start + WINDOW_FRAMES] for start in first])


class _Encoder(Module):  # type: ignore[misc]
    """Windows of mel energies (n, 160, 40) to vectors of length 1, (n, 256)."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = LSTM(MELS, SIZE, LAYERS, batch_first=True)
        self.linear = Linear(SIZE, SIZE)

    def forward(self, windows: Tensor) -> Tensor:
        _, (hidden, _) = self.lstm(windows)
        return normalize(relu(self.linear(hidden[-1])), dim=1)


def _read(path: Path) -> _Encoder:
    try:
        stored = torch.load(path, map_location="cpu", weights_only=True)["model_state"]
        encoder = _Encoder()
        encoder.load_state_dict({name: stored[name] for name in encoder.state_dict()})
    except BROKEN as error:
        raise ModelUnreadable(f"{path.name} is missing or broken: run `voxhall models pull ge2e`") from error
    encoder.eval().requires_grad_(requires_grad=False)
    return encoder
