"""RMVPE, the net that most RVC voices were trained with, as rvc-python has it."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from audio.pcm import Samples
from models.device_errors import device_errors
from models.errors import BROKEN, ModelUnreadable
from models.rvc.frames import HOP, SAMPLE_RATE
from models.rvc.package import leaf
from models.rvc.pitch import F0, fitted
from models.rvc.precision import finite, half

FILE = "rmvpe.pt"
PULL = "run `voxhall models pull rmvpe`"

WINDOW = 1_024
MELS = 128
MEL_RANGE = (30, 8_000)
FLOOR = 1e-5
MULTIPLE = 32
"""Frames: the net halves them five times."""

THRESHOLD = 0.03
CENTS, LOWEST_BIN, REACH = 20.0, 1997.3794084376191, 4
"""Of the 360 bins of its salience: how far apart, the first in cents above 10 Hz, and how many about a peak are its."""


class Rmvpe:
    """One model; `folder` holds `rmvpe.pt`, as RVC has it: bare tensors."""

    uses_device = True

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE
        self._net: Any = None
        self._mel: _LogMel | None = None

    def load(self, device: str) -> None:
        """Read the weights onto a torch device. Raises `ModelUnreadable`."""
        net = _read(self._path)
        self._net = net.to(device, torch.float16 if half(device) else torch.float32).eval()
        self._mel = _LogMel(device)

    def unload(self) -> None:
        """Let go of the weights; `load` brings them back."""
        self._net = self._mel = None

    def f0(self, samples: Samples, between: Callable[[], None] = lambda: None) -> F0:
        """`between` is called after each level of the net."""
        net, mel = self._net, self._mel
        if net is None or mel is None:
            raise RuntimeError("RMVPE is not loaded")
        device = mel.window.device
        with torch.inference_mode(), device_errors(device):
            spectrum = mel(torch.tensor(samples).to(device))
            self._net, salience = finite(net, lambda net: _salience(net, spectrum, between))
            found = decoded(salience).cpu().numpy()
        return fitted(found, samples)


class _LogMel:
    """Samples (n,) to float32 (1, 128, n // HOP + 1)."""

    def __init__(self, device: str) -> None:
        from librosa.filters import mel  # noqa: PLC0415 - slow

        low, high = MEL_RANGE
        basis = mel(sr=SAMPLE_RATE, n_fft=WINDOW, n_mels=MELS, fmin=low, fmax=high, htk=True)
        self._basis = torch.from_numpy(basis).float().to(device)
        self.window = torch.hann_window(WINDOW, device=device)

    def __call__(self, samples: Tensor) -> Tensor:
        # The mirror at the ends needs more samples than half a window.
        lengthened = functional.pad(samples[None], (0, max(0, WINDOW - len(samples))))
        spectrum = torch.stft(lengthened, WINDOW, HOP, window=self.window, return_complex=True).abs()
        return torch.log(torch.clamp(self._basis @ spectrum, min=FLOOR))


def _salience(net: Any, mel: Tensor, between: Callable[[], None]) -> Tensor:
    """`E2E.forward` of rvc-python by its levels: `mel` (1, 128, n) to (n, 360), 0..1."""
    frames = mel.shape[-1]
    padded = functional.pad(mel, (0, math.ceil(frames / MULTIPLE) * MULTIPLE - frames))
    hidden = net.unet.encoder.bn(padded.to(net.cnn.weight.dtype).transpose(1, 2)[:, None])
    skipped = []
    for level in net.unet.encoder.layers:
        across, hidden = level(hidden)
        skipped.append(across)
        between()
    hidden = net.unet.intermediate(hidden)
    for level in net.unet.decoder.layers:
        hidden = level(hidden, skipped.pop())
        between()
    salience: Tensor = net.fc(net.cnn(hidden).transpose(1, 2).flatten(2))
    return salience[0, :frames]


def decoded(salience: Tensor) -> Tensor:
    """f0 (n,) in Hz, 0 unvoiced, of `salience` (n, 360): the mean of the bins about the peak, weighted by it."""
    peak, centre = salience.max(dim=1)
    near = centre[:, None] + torch.arange(2 * REACH + 1, device=salience.device)
    weights = functional.pad(salience, (REACH, REACH)).gather(1, near).double()
    cents = LOWEST_BIN + CENTS * (near - REACH)
    f0 = 10 * 2 ** ((weights * cents).sum(dim=1) / weights.sum(dim=1) / 1_200)
    return torch.where(peak > THRESHOLD, f0, 0.0).float()


def _read(path: Path) -> Any:
    try:
        weights = torch.load(path, map_location="cpu", weights_only=True)
        with torch.device("meta"):
            net = leaf("lib.rmvpe").E2E(4, 1, (2, 2))
        if "model" in weights:
            raise ModelUnreadable(f"{FILE} is so-vits-svc's net of that name, which is another: {PULL}")
        net.load_state_dict(
            {name: one.float() if one.is_floating_point() else one for name, one in weights.items()}, assign=True
        )
    except BROKEN as error:
        raise ModelUnreadable(f"{FILE} is missing or broken: {PULL}") from error
    return net.requires_grad_(requires_grad=False)
