"""`config.json` and `checkpoint.pth` of the converter, as MyShell publishes them."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from models.errors import BROKEN, ModelUnreadable
from models.hifigan import Shape, folded
from models.layout import lay_out
from models.openvoice.network import Converter
from models.openvoice.spectrogram import HOP, WINDOW

SAMPLE_RATE = 22_050

PULL = "run `voxhall models pull openvoice`"

UNUSED = ("enc_p.", "sdp.", "dp.", "emb_g.")
"""Of the text side, which the same files hold where they speak as well."""


def read_converter(folder: Path) -> Converter:
    """The converter on the CPU, float32. Raises `ModelUnreadable`.

    It never holds random weights: it is built without memory, and the file's tensors take their places.
    """
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        converter = _empty(config)
        stored = torch.load(folder / "checkpoint.pth", map_location="cpu", weights_only=True)["model"]
        converter.load_state_dict(_wanted(stored), assign=True)
    except BROKEN as error:
        said = " ".join(str(error).split())[:300]
        raise ModelUnreadable(f"OpenVoice's converter is missing or broken ({said}): {PULL}") from error
    lay_out(converter.dec)
    converter.eval().requires_grad_(requires_grad=False)
    return converter


def _wanted(stored: Mapping[str, Tensor]) -> dict[str, Tensor]:
    wanted = {name: tensor.float() for name, tensor in stored.items() if not name.startswith(UNUSED)}
    return folded(wanted)


def _empty(config: Mapping[str, Any]) -> Converter:
    """Raises `ValueError` for one that is not of this kind."""
    heard, net = config["data"], config["model"]
    if (heard["sampling_rate"], heard["filter_length"], heard["hop_length"]) != (SAMPLE_RATE, WINDOW, HOP):
        raise ValueError("its spectrograms are not those of OpenVoice")
    if net["resblock"] != "1" or len(net["upsample_rates"]) != len(net["upsample_kernel_sizes"]):
        raise ValueError("its decoder is not that of OpenVoice")
    shape = Shape(
        inputs=net["inter_channels"],
        channels=net["upsample_initial_channel"],
        rates=net["upsample_rates"],
        kernels=net["upsample_kernel_sizes"],
        block_kernels=net["resblock_kernel_sizes"],
        block_dilations=net["resblock_dilation_sizes"],
        speaker=net["gin_channels"],
        last_bias=False,
    )
    with torch.device("meta"):
        return Converter(shape, net["hidden_channels"], tone_in_flow_alone=net.get("zero_g", False))
