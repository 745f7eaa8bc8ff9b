"""A small WavLM and its vocoder with weights from a seed, in the published formats."""

import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor
from transformers import WavLMConfig, WavLMModel

WIDTH = 64

SMALL = {
    "hidden_size": WIDTH,
    "num_hidden_layers": 7,
    "num_attention_heads": 4,
    "intermediate_size": 96,
    "conv_dim": [16] * 7,
    "num_conv_pos_embeddings": 16,
    "num_conv_pos_embedding_groups": 4,
    "do_stable_layer_norm": True,
    "feat_extract_norm": "layer",
}
"""WavLM-Large but for the widths, and one layer more than is wanted."""

PUBLISHED = {
    "architectures": ["WavLMModel"],
    "apply_spec_augment": True,
    "freeze_feat_extract_train": True,
    "gradient_checkpointing": False,
    "mask_time_prob": 0.075,
    "replace_prob": 0.5,
    "torch_dtype": "float32",
    "transformers_version": "4.15.0.dev0",
}
"""What the hub's config holds besides: things of the training, and more than a config knows today."""

INPUTS = 32


def tiny(folder: Path, seed: int = 0) -> Path:
    """`folder` with both, as the catalog's files are named; some 500 kB."""
    save_wavlm(wavlm(seed), folder)
    torch.save({"generator": vocoder_weights(seed)}, folder / "prematch_g_02500000.pt")
    return folder


def wavlm(seed: int = 0, **fields: Any) -> Any:
    torch.manual_seed(seed)
    net = WavLMModel(WavLMConfig(**SMALL | fields))
    with torch.no_grad():
        for name, one in net.named_parameters():
            if one.ndim == 1 or "gru_rel_pos_const" in name:  # else a part of it would be without effect
                one.add_(0.1 * torch.randn_like(one))
    return net.eval()


def save_wavlm(net: Any, folder: Path, *, pickled: bool = True) -> Path:
    """`folder` with `config.json` and, as the hub has them, pickled weights with the older names, or safetensors."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(net.config.to_dict() | PUBLISHED))
    weights = {_older(name): weight.contiguous() for name, weight in net.state_dict().items()}
    if pickled:
        torch.save(weights, folder / "pytorch_model.bin")
    else:
        save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


def _older(name: str) -> str:
    return name.replace("parametrizations.weight.original0", "weight_g").replace(
        "parametrizations.weight.original1", "weight_v"
    )


def vocoder_weights(seed: int = 0) -> dict[str, Tensor]:
    """By the names of kNN-VC's `Generator`, all convolutions with weight norm, as that trains them.

    Of a size with which other frames make another sound, which does not clip.
    """
    generator = torch.Generator().manual_seed(seed)

    def drawn(*shape: int, scale: float = 1.0) -> Tensor:
        return torch.randn(shape, generator=generator) * scale

    weights = {"lin_pre.weight": drawn(INPUTS, WIDTH, scale=6 * WIDTH**-0.5), "lin_pre.bias": drawn(INPUTS, scale=0.1)}
    for name, (shape, bias) in _convolutions(channels=32).items():
        weights[f"{name}.weight_v"] = drawn(*shape)
        length = 0.5 if name.startswith("resblocks.") else 1.0
        weights[f"{name}.weight_g"] = length + 0.1 * drawn(shape[0], *(1 for _ in shape[1:])).abs()
        weights[f"{name}.bias"] = drawn(bias, scale=0.01)
    return weights


def _convolutions(channels: int) -> dict[str, tuple[tuple[int, ...], int]]:
    """The shape of each one's weight, and how many biases it has."""
    found: dict[str, tuple[tuple[int, ...], int]] = {"conv_pre": ((channels, INPUTS, 7), channels)}
    for stage, kernel in enumerate((20, 16, 4, 4)):
        narrow = channels >> (stage + 1)
        found[f"ups.{stage}"] = ((2 * narrow, narrow, kernel), narrow)
        for block, size in enumerate((3, 7, 11)):
            for part in ("convs1", "convs2"):
                for index in range(3):
                    name = f"resblocks.{stage * 3 + block}.{part}.{index}"
                    found[name] = ((narrow, narrow, size), narrow)
    return found | {"conv_post": ((1, channels >> 4, 7), 1)}
