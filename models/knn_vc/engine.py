"""kNN-VC as an engine: a voice is the frames of a clip."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from audio.pcm import Samples
from audio.resample import resample
from models.cloning.embedding import Embedding, EmbeddingBroken
from models.cloning.engine import Between, Reference, UnusableReference, Wish
from models.device_errors import device_errors
from models.knn_vc.matching import matched
from models.knn_vc.vocoder import Vocoder, read_vocoder
from models.knn_vc.wavlm import FIELD, HOP, features, read_wavlm

SAMPLE_RATE = 16_000

FRAMES = "frames"
"""Of an embedding: float16 (T, 1024), 50 of them a second."""


class KnnVc:
    """`folder` holds WavLM-Large (`config.json` with `model.safetensors` or `pytorch_model.bin`) and the vocoder
    (`prematch_g_02500000.pt`).

    The more is heard of a voice the better: 30 seconds sound well, 5 do not. Nothing is drawn, so no seed matters.
    """

    sample_rate = SAMPLE_RATE
    source_rate = SAMPLE_RATE
    form = "1"
    longest = 15.0  # a layer of WavLM grows with the square of it, and frames are matched each by itself anyway

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._wavlm: Any = None
        self._vocoder: Vocoder | None = None
        self._device = torch.device("cpu")

    def load(self, device: str) -> None:
        """Read the weights onto a torch device ("cpu", "cuda:1").

        Raises `ModelUnreadable`, `OutOfMemory` and `DeviceLost` of `models.errors`.
        """
        vocoder, wavlm = read_vocoder(self._folder), read_wavlm(self._folder)
        self._device = torch.device(device)
        with device_errors(self._device):
            self._vocoder, self._wavlm = vocoder.to(self._device), wavlm.to(self._device)

    def unload(self) -> None:
        """Let go of the weights; `load` brings them back."""
        self._vocoder = self._wavlm = None

    def embed(self, reference: Reference) -> Embedding:
        """Raises `UnusableReference`, `OutOfMemory` and `DeviceLost`."""
        samples = resample(reference.samples, reference.sample_rate, SAMPLE_RATE)
        if len(samples) < SAMPLE_RATE:
            raise UnusableReference("The clip is shorter than a second: give one of 3 seconds at least, better of 30.")
        with torch.inference_mode(), device_errors(self._device):
            heard = self._features(samples, lambda: None)
            return Embedding({FRAMES: heard.half().cpu().numpy()})

    def voice(self, embedding: Embedding) -> Tensor:
        """The frames on the device, float32. Raises `EmbeddingBroken`."""
        self._loaded()
        frames = embedding.tensors.get(FRAMES)
        if frames is None or frames.ndim != 2 or not len(frames) or frames.shape[1] != self._wavlm.config.hidden_size:
            raise EmbeddingBroken("The embedding is not one of kNN-VC.")
        with device_errors(self._device):
            return torch.tensor(frames, dtype=torch.float32, device=self._device)

    def change(self, voice: Tensor, source: Samples, wish: Wish, between: Between) -> Samples:  # noqa: ARG002
        """As long as the source: (n,) float32 at 16 kHz in and out.

        Raises `OutOfMemory`, `DeviceLost`, and whatever `between` raises.
        """
        if not len(source):
            return source
        vocoder, frames = self._loaded(), -(-len(source) // HOP)
        # A frame is made of more samples than it stands for.
        padded = np.pad(source, (0, (frames - 1) * HOP + FIELD - len(source)))
        with torch.inference_mode(), device_errors(self._device):
            nearest = matched(self._features(padded, between), voice)
            samples: Samples = vocoder.spoken(nearest, between).cpu().numpy()
        return samples[: len(source)]

    def _features(self, samples: Samples, between: Between) -> Tensor:
        self._loaded()
        return features(self._wavlm, torch.tensor(samples, device=self._device), between)

    def _loaded(self) -> Vocoder:
        if self._vocoder is None:
            raise RuntimeError("kNN-VC is not loaded")
        return self._vocoder
