"""FCPE, the net that comes inside the package torchfcpe (MIT): the nearest to RMVPE, and never a download."""

import importlib
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch

from audio.pcm import Samples
from models.device_errors import device_errors
from models.errors import BROKEN, ModelUnreadable
from models.rvc.frames import SAMPLE_RATE
from models.rvc.pitch import F0, MethodMissing, fitted

DECODER = "local_argmax"
THRESHOLD = 0.006
"""Of its salience, as RVC's WebUI has it; below nothing is voiced."""

INSTALL = "run scripts/install.sh .venv"


class Fcpe:
    uses_device = True

    def __init__(self) -> None:
        self._net: Any = None

    def load(self, device: str) -> None:
        """Raises `MethodMissing`, `ModelUnreadable`."""
        try:
            package = importlib.import_module("torchfcpe").models_infer
        except (ImportError, OSError) as error:  # it imports torchaudio, which loads libraries
            raise MethodMissing(f"the pitch method fcpe needs torchfcpe, which needs torchaudio: {INSTALL}") from error
        self._net = _read(package).to(device).eval()

    def unload(self) -> None:
        """Let go of the weights; `load` brings them back."""
        self._net = None

    def f0(self, samples: Samples, between: Callable[[], None] = lambda: None) -> F0:
        """`between` is called once, after the spectrum. A block of minutes takes seconds on the CPU."""
        if self._net is None:
            raise RuntimeError("FCPE is not loaded")
        device = self._net.tensor_device_marker.device
        sound = torch.from_numpy(np.clip(samples, -1, 1))[None, :, None]  # the package prints what is beyond
        with torch.inference_mode(), device_errors(device):
            mel = self._net.wav2mel(sound.to(device), SAMPLE_RATE)
            between()
            found = self._net.model.infer(mel, decoder=DECODER, threshold=THRESHOLD)
        return fitted(found[0, :, 0].cpu().numpy(), samples)


def _read(package: ModuleType) -> Any:
    """The package's own net. Its `spawn_bundled_infer_model` does the same, and prints."""
    path = Path(str(package.__file__)).with_name("assets") / "fcpe_c_v001.pt"
    try:
        checkpoint = torch.load(path, map_location="cpu", weights_only=True)
        config = checkpoint["config_dict"]
        config["model"] |= {"conv_dropout": 0.0, "atten_dropout": 0.0, "use_harmonic_emb": False}
        return package.InferCFNaiveMelPE(package.DotDict(config), checkpoint["model"])
    except BROKEN as error:
        raise ModelUnreadable(
            f"the net inside torchfcpe is broken: `pip uninstall torchfcpe`, then {INSTALL}"
        ) from error
