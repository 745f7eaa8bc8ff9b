"""CREPE "full", through torchcrepe (MIT, an extra): a large net over each frame by itself, then a path through them."""

import importlib
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from audio.pcm import Samples
from models.device_errors import device_errors
from models.rvc.frames import HOP, SAMPLE_RATE
from models.rvc.pitch import F0, HIGHEST, LOWEST, MethodMissing, fitted

SIZE = "full"
BATCH = 512
"""Frames of one path. It begins anew with each, so the reference's number decides the result, too."""
AT_ONCE = {"cpu": 16}
"""Frames through the net between two turns of others; elsewhere all of a batch."""
VOICED = 0.1
"""Of the periodicity."""
LOWEST_BIN = 1997.3794084376191
"""Cents above 10 Hz."""

INSTALL = "pip install resampy tqdm && pip install --no-deps torchcrepe==0.0.24"


class Crepe:
    uses_device = True

    def __init__(self) -> None:
        self._crepe: Any = None
        self._device = torch.device("cpu")

    def load(self, device: str) -> None:
        """Raises `MethodMissing`."""
        try:
            torchcrepe = importlib.import_module("torchcrepe")
        except (ImportError, OSError) as error:  # it imports torchaudio, which loads libraries
            raise MethodMissing(f"the pitch method crepe needs torchcrepe: {INSTALL}") from error
        torchcrepe.load.model(device, SIZE)
        self._crepe, self._device = torchcrepe, torch.device(device)

    def unload(self) -> None:
        """Let go of the weights, which the package keeps for the whole process; `load` brings them back."""
        if self._crepe is not None:
            del self._crepe.infer.model
        self._crepe = None

    def f0(self, samples: Samples, between: Callable[[], None] = lambda: None) -> F0:
        """As rvc-python calls it: the periodicity through a median of 3, f0 through a mean of 3."""
        if self._crepe is None:
            raise RuntimeError("CREPE is not loaded")
        sound = torch.tensor(samples)[None]
        with torch.inference_mode(), device_errors(self._device):
            batches = self._crepe.preprocess(sound, SAMPLE_RATE, HOP, BATCH, self._device, pad=True)
            found = [self._batch(frames, number, between) for number, frames in enumerate(batches)]
            f0, periodicity = (torch.cat(parts, 1) for parts in zip(*found, strict=True))
            f0 = self._crepe.filter.mean(f0, 3)
            f0[self._crepe.filter.median(periodicity, 3) < VOICED] = 0
        return fitted(f0[0].cpu().numpy(), samples)

    def _batch(
        self, frames: torch.Tensor, number: int, between: Callable[[], None]
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """f0 and periodicity, each (1, n), of `frames` (n, 1024)."""
        parts = []
        for part in frames.split(AT_ONCE.get(self._device.type, BATCH)):
            parts.append(self._crepe.infer(part, SIZE, self._device))
            between()
        salience = torch.cat(parts).T[None]
        path = _Path(self._crepe, number)
        f0, periodicity = self._crepe.postprocess(salience, LOWEST, HIGHEST, path, False, True)
        return f0, periodicity


class _Path:
    """The package's Viterbi decoder, its noise from a seed: the package takes it from numpy's global generator, so that
    no two runs would agree.
    """

    def __init__(self, crepe: Any, seed: int) -> None:
        self._crepe = crepe
        self._noise = np.random.default_rng(seed)

    def __call__(self, salience: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Bins (1, n) and Hz (1, n) of `salience` (1, 360, n)."""
        bins, _ = self._crepe.decode.viterbi(salience)
        width = self._crepe.CENTS_PER_BIN
        noise = torch.from_numpy(self._noise.triangular(-width, 0, width, tuple(bins.shape))).to(bins.device)
        return bins, self._crepe.convert.cents_to_frequency(width * bins + LOWEST_BIN + noise).float()
