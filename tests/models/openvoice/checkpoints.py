"""Converters with weights from a seed, in the published format: every tensor has the name that it has there."""

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

PUBLISHED: dict[str, Any] = {
    "_version_": "v2",
    "data": {"sampling_rate": 22050, "filter_length": 1024, "hop_length": 256, "win_length": 1024, "n_speakers": 0},
    "model": {
        "zero_g": True,
        "inter_channels": 192,
        "hidden_channels": 192,
        "filter_channels": 768,
        "n_heads": 2,
        "n_layers": 6,
        "kernel_size": 3,
        "p_dropout": 0.1,
        "resblock": "1",
        "resblock_kernel_sizes": [3, 7, 11],
        "resblock_dilation_sizes": [[1, 3, 5], [1, 3, 5], [1, 3, 5]],
        "upsample_rates": [8, 8, 2, 2],
        "upsample_initial_channel": 512,
        "upsample_kernel_sizes": [16, 16, 4, 4],
        "gin_channels": 256,
    },
}

SMALL = {
    "inter_channels": 8,
    "hidden_channels": 8,
    "upsample_initial_channel": 32,
    "resblock_kernel_sizes": [3, 7],
    "resblock_dilation_sizes": [[1, 3, 5]] * 2,
}


def tiny(folder: Path, seed: int = 0, **changed: Any) -> Path:
    """`folder` with a small converter in it, of some 3 MB; `changed` goes into the model's config."""
    return save(folder, PUBLISHED | {"model": PUBLISHED["model"] | SMALL | changed}, seed)


def save(folder: Path, config: dict[str, Any], seed: int = 0) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config))
    checkpoint = {"iteration": 1, "learning_rate": 1e-4, "model": weights(config, seed), "optimizer": None}
    torch.save(checkpoint, folder / "checkpoint.pth")
    return folder


def weights(config: dict[str, Any], seed: int = 0) -> dict[str, Tensor]:
    """Random, and of a size with which the sound neither fades nor clips and two clips have two tones."""
    generator = torch.Generator().manual_seed(seed)
    made: dict[str, Tensor] = {}
    for name, shape in shapes(config).items():
        noise = torch.randn(shape, generator=generator)
        if name.endswith("weight_g"):
            made[name] = (2.5 if name.startswith("ref_enc.") else 0.5) * (1 + 0.2 * noise.abs())
        elif name.endswith("layernorm.weight"):
            made[name] = 1 + 0.1 * noise
        else:
            made[name] = noise * (0.1 if noise.ndim == 1 else max(noise[0].numel(), 1) ** -0.5)
    made["dec.conv_post.weight"] *= 3
    made["ref_enc.proj.weight"] *= 6
    return made


def shapes(config: dict[str, Any]) -> dict[str, tuple[int, ...]]:
    """By name, as OpenVoice's `SynthesizerTrn` without speakers has them."""
    net, bins = config["model"], config["data"]["filter_length"] // 2 + 1
    inter, hidden, gin = net["inter_channels"], net["hidden_channels"], net["gin_channels"]
    return {
        **_decoder(net),
        **_plain("enc_q.pre", hidden, bins, 1),
        **_wavenet("enc_q.enc", hidden, 16, gin),
        **_plain("enc_q.proj", 2 * inter, hidden, 1),
        **{name: shape for flow in (0, 2, 4, 6) for name, shape in _coupling(f"flow.flows.{flow}", net).items()},
        **_reference(bins, gin),
    }


def _decoder(net: dict[str, Any]) -> dict[str, tuple[int, ...]]:
    wide = net["upsample_initial_channel"]
    found = _plain("dec.conv_pre", wide, net["inter_channels"], 7)
    each = len(net["resblock_kernel_sizes"])
    for stage, kernel in enumerate(net["upsample_kernel_sizes"]):
        narrow = wide >> (stage + 1)
        found |= _normed(f"dec.ups.{stage}", narrow * 2, narrow, kernel, bias=narrow)
        for block, size in enumerate(net["resblock_kernel_sizes"]):
            for part in ("convs1", "convs2"):
                for index in range(3):
                    found |= _normed(f"dec.resblocks.{stage * each + block}.{part}.{index}", narrow, narrow, size)
    found |= {"dec.conv_post.weight": (1, wide >> len(net["upsample_kernel_sizes"]), 7)}
    return found | _plain("dec.cond", wide, net["gin_channels"], 1)


def _coupling(name: str, net: dict[str, Any]) -> dict[str, tuple[int, ...]]:
    half, hidden = net["inter_channels"] // 2, net["hidden_channels"]
    return {
        **_plain(f"{name}.pre", hidden, half, 1),
        **_wavenet(f"{name}.enc", hidden, 4, net["gin_channels"]),
        **_plain(f"{name}.post", half, hidden, 1),
    }


def _wavenet(name: str, hidden: int, layers: int, gin: int) -> dict[str, tuple[int, ...]]:
    found = _normed(f"{name}.cond_layer", 2 * hidden * layers, gin, 1)
    for layer in range(layers):
        found |= _normed(f"{name}.in_layers.{layer}", 2 * hidden, hidden, 5)
        found |= _normed(f"{name}.res_skip_layers.{layer}", hidden if layer == layers - 1 else 2 * hidden, hidden, 1)
    return found


def _reference(bins: int, gin: int) -> dict[str, tuple[int, ...]]:
    found: dict[str, tuple[int, ...]] = {"ref_enc.layernorm.weight": (bins,), "ref_enc.layernorm.bias": (bins,)}
    channels = (1, 32, 32, 64, 64, 128, 128)
    for index, (few, many) in enumerate(pairwise(channels)):
        found |= _normed(f"ref_enc.convs.{index}", many, few, 3, 3)
        bins = (bins + 1) // 2
    gru = {"weight_ih_l0": (384, 128 * bins), "weight_hh_l0": (384, 128), "bias_ih_l0": (384,), "bias_hh_l0": (384,)}
    found |= {f"ref_enc.gru.{name}": shape for name, shape in gru.items()}
    return found | _plain("ref_enc.proj", gin, 128)


def _plain(name: str, *shape: int) -> dict[str, tuple[int, ...]]:
    return {f"{name}.weight": shape, f"{name}.bias": shape[:1]}


def _normed(name: str, *shape: int, bias: int | None = None) -> dict[str, tuple[int, ...]]:
    lengths = (shape[0], *(1 for _ in shape[1:]))
    return {f"{name}.weight_g": lengths, f"{name}.weight_v": shape, f"{name}.bias": (bias or shape[0],)}
