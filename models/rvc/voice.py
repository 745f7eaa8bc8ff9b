"""What is kept of a voice while it is used: its net, and the vectors of its index."""

from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from models.device_errors import device_errors
from models.errors import ModelUnreadable
from models.rvc.architecture import PHONE_WIDTH
from models.rvc.net import Net
from models.rvc.retrieval import Retrieval


class Voice:
    """One voice, as it was added: `weights` is its `voice.safetensors`, `index` its `index.safetensors`."""

    def __init__(self, weights: Path, index: Path | None = None) -> None:
        self._weights = weights
        self._index = index
        self._net: Net | None = None
        self._retrieval: Retrieval | None = None

    @property
    def net(self) -> Net:
        if self._net is None:
            raise RuntimeError("the voice is not loaded")
        return self._net

    @property
    def retrieval(self) -> Retrieval | None:
        """None of a voice without an index."""
        return self._retrieval

    def load(self, device: str) -> None:
        """Read it onto a torch device ("cpu", "cuda:1"). Raises `ModelUnreadable`, `OutOfMemory`, `DeviceLost`."""
        net = Net.read(self._weights, device)
        if self._index is not None:
            vectors = _vectors(self._index, PHONE_WIDTH[net.architecture.version])
            with device_errors(torch.device(device)):
                self._retrieval = Retrieval(vectors.to(device))
        self._net = net

    def unload(self) -> None:
        """Let go of the tensors; `load` brings them back."""
        self._net = self._retrieval = None


def _vectors(path: Path, width: int) -> Tensor:
    try:
        vectors = load_file(path)["vectors"]
    except (OSError, SafetensorError, KeyError) as error:
        raise ModelUnreadable(f"{path.name} is missing or broken: add the voice again") from error
    if vectors.ndim != 2 or not len(vectors) or vectors.shape[1] != width or vectors.dtype != torch.float32:
        raise ModelUnreadable(f"{path.name} holds no vectors of {width} numbers: add the voice again")
    return vectors
