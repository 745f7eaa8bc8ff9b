"""Voices of all twelve architectures with weights from a seed, in the files that RVC and Voxhall write.

They sing nonsense, but at the loudness of a voice: nothing in them is zero, so that each part of the net is heard.
"""

import json
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import prod, sqrt
from pathlib import Path
from typing import Any, Literal

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

from models.rvc.architecture import Architecture, Version
from models.rvc.package import leaf

Rate = Literal[32_000, 40_000, 48_000]
VERSIONS: tuple[Version, ...] = ("v1", "v2")
RATES: tuple[Rate, ...] = (32_000, 40_000, 48_000)

UPSAMPLING: dict[tuple[Version, Rate], tuple[list[int], list[int]]] = {
    ("v1", 32_000): ([10, 4, 2, 2, 2], [16, 16, 4, 4, 4]),
    ("v1", 40_000): ([10, 10, 2, 2], [16, 16, 4, 4]),
    ("v1", 48_000): ([10, 6, 2, 2, 2], [16, 16, 4, 4, 4]),
    ("v2", 32_000): ([10, 8, 2, 2], [20, 16, 4, 4]),
    ("v2", 40_000): ([10, 10, 2, 2], [16, 16, 4, 4]),
    ("v2", 48_000): ([12, 10, 2, 2], [24, 20, 4, 4]),
}
"""Rates and kernels of the decoder's upsampling, as RVC's configuration files have them."""


def architecture(
    version: Version = "v2", *, f0: bool = True, rate: Rate = 40_000, small: bool = True, speakers: int = 3
) -> Architecture:
    """One of the twelve. A small one has the same kernels and rates, but few channels and one layer of its encoder."""
    inter, hidden, filters, layers, initial, gin = (16, 16, 32, 1, 32, 8) if small else (192, 192, 768, 6, 512, 256)
    resblocks = ["1", [3, 7, 11], [[1, 3, 5], [1, 3, 5], [1, 3, 5]]]
    encoder = [513 if rate == 32_000 else 1025, 32, inter, hidden, filters, 2, layers, 3, 0]
    rates, kernels = UPSAMPLING[version, rate]
    return Architecture(version, f0, (*encoder, *resblocks, rates, initial, kernels, speakers, gin, rate))


def architectures(*, small: bool = True) -> list[Architecture]:
    """All twelve."""
    return [
        architecture(version, f0=f0, rate=rate, small=small)
        for version in VERSIONS
        for f0 in (True, False)
        for rate in RATES
    ]


def name(one: Architecture) -> str:
    """For a test's id: "v2-f0-40000"."""
    return f"{one.version}-{'f0' if one.f0 else 'nof0'}-{one.sample_rate}"


def reference(one: Architecture, seed: int = 0) -> Any:
    """The reference's own synthesizer with the weights of a seed, rounded to half precision as its files have them."""
    module = leaf("lib.infer_pack.models")
    kind = f"SynthesizerTrnMs{256 if one.version == 'v1' else 768}NSFsid{'' if one.f0 else '_nono'}"
    with _seeded(seed):
        net = getattr(module, kind)(*one.config, is_half=False)
        _liven(net)
    return net.half().float().eval()


def tensors(one: Architecture, seed: int = 0) -> dict[str, Tensor]:
    """What a voice's file holds: half precision, without the posterior encoder, which training alone needs."""
    return {
        key: value.half() for key, value in reference(one, seed).state_dict().items() if not key.startswith("enc_q.")
    }


def write_pth(path: Path, one: Architecture, seed: int = 0, **fields: Any) -> Path:
    """A `.pth` as RVC saves it. `fields` are added to its dict, or take the place of what is there."""
    checkpoint = {
        "weight": tensors(one, seed),
        "config": list(one.config),
        "info": "0epoch",
        "sr": f"{one.sample_rate // 1000}k",
        "f0": int(one.f0),
        "version": one.version,
    }
    torch.save(checkpoint | fields, path)
    return path


def write_safetensors(path: Path, one: Architecture, seed: int = 0) -> Path:
    """A `voice.safetensors` as adding a voice makes it."""
    fields = {"version": one.version, "f0": one.f0, "config": one.config}
    save_file(tensors(one, seed), path, {"architecture": json.dumps(fields)})
    return path


def write_index(path: Path, vectors: Tensor) -> Path:
    """An `index.safetensors` as adding a voice makes it, of vectors (N, 256 or 768) float32."""
    save_file({"vectors": vectors}, path)
    return path


def rewrite(path: Path, change: Callable[[dict[str, Tensor], dict[str, str]], None]) -> Path:
    """A safetensors file again, after `change` of its tensors and its metadata."""
    with safe_open(path, framework="pt") as file:
        metadata: dict[str, str] = dict(file.metadata() or {})
    held: dict[str, Tensor] = load_file(path)
    change(held, metadata)
    changed = path.with_name(f"changed-{path.name}")
    save_file(held, changed, metadata)
    return changed


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    with torch.random.fork_rng(devices=[]), torch.no_grad(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "`torch.nn.utils.weight_norm` is deprecated", FutureWarning)
        torch.manual_seed(seed)
        yield


def _liven(net: Any) -> None:
    """Fresh weights are near silence: the flow's last layers are zero, the decoder's a hundredth."""
    for layer in net.flow.flows[::2]:
        layer.post.weight.normal_(0, 0.1)
    for up in net.dec.ups:
        up.weight_g.fill_(1.4 * sqrt(prod(up.stride) / 2))
    for block in net.dec.resblocks:
        for convolution in (*block.convs1, *block.convs2):
            convolution.weight_g.fill_(0.7)
    net.dec.conv_post.weight.normal_(0, 0.2 / sqrt(net.dec.conv_post.weight[0].numel()))
