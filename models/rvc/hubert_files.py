"""The files that ContentVec comes in: fairseq's checkpoint, read without fairseq, and transformers' folders."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from models.errors import BROKEN, ModelUnreadable

FAIRSEQ = "hubert_base.pt"
TRANSFORMERS = ("model.safetensors", "pytorch_model.bin")

PULL = "run `voxhall models pull contentvec`"

_UNUSED = {"mask_emb", "label_embs_concat", "masked_spec_embed"}
"""Of the training."""

_RENAMED = [
    (r"feature_extractor\.conv_layers\.0\.2\.", "feature_extractor.conv_layers.0.layer_norm."),
    (r"feature_extractor\.conv_layers\.(\d)\.0\.", r"feature_extractor.conv_layers.\1.conv."),
    (r"layer_norm\.", "feature_projection.layer_norm."),
    (r"post_extract_proj\.", "feature_projection.projection."),
    (r"encoder\.pos_conv\.0\.", "encoder.pos_conv_embed.conv."),
    (r"encoder\.layers\.(\d+)\.self_attn\.", r"encoder.layers.\1.attention."),
    (r"encoder\.layers\.(\d+)\.self_attn_layer_norm\.", r"encoder.layers.\1.layer_norm."),
    (r"encoder\.layers\.(\d+)\.fc1\.", r"encoder.layers.\1.feed_forward.intermediate_dense."),
    (r"encoder\.layers\.(\d+)\.fc2\.", r"encoder.layers.\1.feed_forward.output_dense."),
]
"""Beginnings of fairseq's names for tensors, and transformers' for the same."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    name: str
    """Of its file."""
    config: Any
    """A `HubertConfig`."""
    weights: dict[str, torch.Tensor]
    """By transformers' names."""


def read(folder: Path) -> Checkpoint:
    """The checkpoint in `folder`. Raises `ModelUnreadable`."""
    for name, reader in ((FAIRSEQ, _fairseq), *((name, _transformers) for name in TRANSFORMERS)):
        if (path := folder / name).is_file():
            try:
                return reader(path)
            except (*BROKEN, SafetensorError) as error:
                raise ModelUnreadable(f"{name} is broken, or not the ContentVec of RVC: {PULL}") from error
    raise ModelUnreadable(f"ContentVec has no {', '.join((FAIRSEQ, *TRANSFORMERS))}: {PULL}")


class _Dictionary:
    """In place of the one class in `hubert_base.pt` that is fairseq's. It holds the labels of the training."""


def _fairseq(path: Path) -> Checkpoint:
    with torch.serialization.safe_globals([(_Dictionary, "fairseq.data.dictionary.Dictionary")]):
        checkpoint = torch.load(path, map_location="cpu", weights_only=True)
    return Checkpoint(path.name, _config({}), _named(checkpoint["model"]))


def _transformers(path: Path) -> Checkpoint:
    config = _config(json.loads(path.with_name("config.json").read_text(encoding="utf-8")))
    if config.do_stable_layer_norm or config.feat_extract_norm != "group":
        raise ValueError("a large HuBERT, whose layers are of another kind")
    if path.suffix == ".safetensors":
        return Checkpoint(path.name, config, _named(load_file(path)))
    return Checkpoint(path.name, config, _named(torch.load(path, map_location="cpu", weights_only=True)))


def _config(fields: dict[str, Any]) -> Any:
    """`fields` over HuBERT-base's, without the masks of the training."""
    from transformers import HubertConfig  # noqa: PLC0415 - slow

    return HubertConfig(**fields | {"mask_time_prob": 0.0, "mask_feature_prob": 0.0, "attn_implementation": "sdpa"})


def _named(weights: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {_transformers_name(name): weight for name, weight in weights.items() if name not in _UNUSED}


def _transformers_name(name: str) -> str:
    for pattern, beginning in _RENAMED:
        if match := re.match(pattern, name):
            name = match.expand(beginning) + name[match.end() :]
            break
    return name.replace("conv.weight_g", "conv.parametrizations.weight.original0").replace(
        "conv.weight_v", "conv.parametrizations.weight.original1"
    )
