"""kNN-VC's HiFi-GAN, which makes sound of WavLM's frames: the one that was trained on matched frames."""

from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import Linear

from models.errors import BROKEN, ModelUnreadable
from models.hifigan import Generator, Shape, folded
from models.knn_vc.wavlm import PULL
from models.layout import lay_out

FILE = "prematch_g_02500000.pt"

RATES = (10, 8, 2, 2)
KERNELS = (20, 16, 4, 4)
BLOCK_KERNELS = (3, 7, 11)
BLOCK_DILATIONS = ((1, 3, 5),) * 3
"""Of `hifigan/config_v1_wavlm.json` in kNN-VC, which does not come with the weights; their widths tell themselves."""


class Vocoder(Generator):
    def __init__(self, width: int, inputs: int, channels: int) -> None:
        """`width`: of WavLM's frames; `inputs`, `channels`: of the generator."""
        super().__init__(Shape(inputs, channels, RATES, KERNELS, BLOCK_KERNELS, BLOCK_DILATIONS))
        self.lin_pre = Linear(width, inputs)

    def spoken(self, frames: Tensor, between: Callable[[], None]) -> Tensor:
        """frames (T, width) to samples (T * 320,)."""
        return self.sound(self.lin_pre(frames).T[None], between)


def read_vocoder(folder: Path) -> Vocoder:
    """The vocoder on the CPU, float32. Raises `ModelUnreadable`."""
    try:
        stored = torch.load(folder / FILE, map_location="cpu", weights_only=True)["generator"]
        return _filled(folded({name: tensor.float() for name, tensor in stored.items()}))
    except BROKEN as error:
        said = " ".join(str(error).split())[:300]
        raise ModelUnreadable(f"{FILE} is missing or broken ({said}): {PULL}") from error


def _filled(weights: Mapping[str, Tensor]) -> Vocoder:
    inputs, width = weights["lin_pre.weight"].shape
    with torch.device("meta"):
        vocoder = Vocoder(width, inputs, weights["conv_pre.weight"].shape[0])
    vocoder.load_state_dict(weights, assign=True)
    lay_out(vocoder)
    vocoder.eval().requires_grad_(requires_grad=False)
    return vocoder
