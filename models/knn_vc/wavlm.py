"""WavLM-Large as far as its sixth layer: what is said in 16 kHz audio and who says it, 50 times a second."""

import json
import re
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from models.errors import BROKEN, ModelUnreadable

LAYERS = 6
"""Of 24: the sixth tells speakers apart best, as kNN-VC's authors found."""

HOP = 320
FIELD = 400
"""Samples that one frame is made of."""

PART = 100
"""Frames that the convolutions make at once: a long pass leaves no place to stop, and takes much memory."""

FILES = ("model.safetensors", "pytorch_model.bin")

PULL = "run `voxhall models pull knn-vc`"

_LATER = re.compile(r"encoder\.layers\.(\d+)\.")
_UNUSED = ("masked_spec_embed", "encoder.layer_norm.")
"""Of the training, and after the last layer."""


def read_wavlm(folder: Path) -> Any:
    """A `WavLMModel` of six layers on the CPU, float32, from a folder of transformers. Raises `ModelUnreadable`."""
    path = next((folder / name for name in FILES if (folder / name).is_file()), None)
    if path is None:
        raise ModelUnreadable(f"kNN-VC has no {' or '.join(FILES)}: {PULL}")
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        return _filled(_empty(config), _wanted(_stored(path)))
    except (*BROKEN, SafetensorError) as error:
        said = " ".join(str(error).split())[:300]
        raise ModelUnreadable(f"{path.name} is broken, or not WavLM-Large ({said}): {PULL}") from error


def features(net: Any, samples: Tensor, between: Callable[[], None]) -> Tensor:
    """samples (n,), n at least 400, to (T, width), T = (n - 400) // 320 + 1, as kNN-VC takes them: nothing is scaled.

    It is `WavLMModel.forward` of transformers, with a call of `between` after each layer.
    """
    hidden, _ = net.feature_projection(_convolved(net, samples, between).transpose(1, 2))
    hidden = hidden + net.encoder.pos_conv_embed(hidden)
    between()
    bias = None
    for layer in net.encoder.layers:
        hidden, bias = layer(hidden, position_bias=bias)
        between()
    frames: Tensor = hidden[0]
    return frames


def _convolved(net: Any, samples: Tensor, between: Callable[[], None]) -> Tensor:
    """(1, channels, T). A frame is made of its `FIELD` samples alone, so a long sound is no other in parts."""
    parts = []
    for start in range(0, (len(samples) - FIELD) // HOP + 1, PART):
        hidden = samples[None, None, start * HOP : (start + PART - 1) * HOP + FIELD]
        for convolution in net.feature_extractor.conv_layers:
            hidden = convolution(hidden)
            between()
        parts.append(hidden)
    return torch.cat(parts, dim=2)


def _stored(path: Path) -> Mapping[str, Tensor]:
    if path.suffix == ".safetensors":
        return load_file(path)
    # Mapped, the 18 layers that are not wanted are never read.
    stored: Mapping[str, Tensor] = torch.load(
        path, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(path)
    )
    return stored


def _wanted(stored: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """By the names of today: older torch has a weight norm's two tensors otherwise. All memory is their own."""
    return {
        name.replace("conv.weight_g", "conv.parametrizations.weight.original0").replace(
            "conv.weight_v", "conv.parametrizations.weight.original1"
        ): tensor.to(torch.float32, copy=True)
        for name, tensor in stored.items()
        if not name.startswith(_UNUSED) and not _is_later(name)
    }


def _is_later(name: str) -> bool:
    layer = _LATER.match(name)
    return layer is not None and int(layer[1]) >= LAYERS


def _empty(fields: dict[str, Any]) -> Any:
    from transformers import WavLMConfig, WavLMModel  # noqa: PLC0415 - slow

    config = WavLMConfig(**fields | {"num_hidden_layers": LAYERS, "mask_time_prob": 0.0, "mask_feature_prob": 0.0})
    if not config.do_stable_layer_norm or config.feat_extract_norm != "layer":
        raise ValueError("a small WavLM, whose layers are of another kind")
    if config.inputs_to_logits_ratio != HOP:
        raise ValueError("another frame rate")
    with torch.device("meta"):
        net = WavLMModel(config)
    net.encoder.layer_norm = torch.nn.Identity()
    return net


def _filled(net: Any, weights: dict[str, Tensor]) -> Any:
    net.load_state_dict(weights, assign=True)
    torch.nn.utils.parametrize.remove_parametrizations(net.encoder.pos_conv_embed.conv, "weight")
    return net.eval().requires_grad_(False)
