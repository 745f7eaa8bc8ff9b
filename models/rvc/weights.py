"""A voice's `voice.safetensors`: the checkpoint's own tensors, and its architecture as metadata."""

import json
import warnings
from collections.abc import Mapping
from math import prod
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor
from torch.nn import Module
from torch.nn.utils import remove_weight_norm

from models.errors import ModelUnreadable
from models.rvc.architecture import PHONE_WIDTH, Architecture
from models.rvc.package import leaf

UPSAMPLING = 12
"""Index of the decoder's upsampling rates in a configuration."""


class Misfit(ValueError):
    """Tensors and architecture do not belong together. The message is a clause that says why."""


def read_synthesizer(path: Path) -> tuple[Architecture, Any]:
    """The reference's synthesizer on the CPU, float32, weight norm folded. Raises `ModelUnreadable`.

    It never holds random weights: it is built without memory, and the file's tensors take their places.
    """
    try:
        with safe_open(path, framework="pt") as file:
            architecture = _architecture(file.metadata() or {})
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no dict
        net = empty_synthesizer(architecture)
        check(net, {name: tuple(tensor.shape) for name, tensor in tensors.items()})
    except (OSError, SafetensorError, Misfit) as error:
        raise ModelUnreadable(f"{path.name} is missing or broken ({error}): add the voice again") from error
    return architecture, _filled(net, tensors)


def empty_synthesizer(architecture: Architecture) -> Any:
    """The reference's synthesizer on the meta device, without the posterior encoder, which training alone needs.

    Raises `Misfit` for a configuration of which none can be built.
    """
    module = leaf("lib.infer_pack.models")
    width, suffix = PHONE_WIDTH[architecture.version], "" if architecture.f0 else "_nono"
    kind = getattr(module, f"SynthesizerTrnMs{width}NSFsid{suffix}")
    try:
        with warnings.catch_warnings(), torch.device("meta"):
            warnings.filterwarnings("ignore", "`torch.nn.utils.weight_norm` is deprecated", FutureWarning)
            net = kind(*architecture.config, is_half=False)
        factor = prod(architecture.config[UPSAMPLING])
    except (TypeError, ValueError, IndexError, AssertionError, RuntimeError, ZeroDivisionError) as error:
        raise Misfit("its configuration is none of RVC's") from error
    if factor != architecture.hop:
        raise Misfit(f"it makes {factor} samples of a frame, and {architecture.hop} are 10 ms at its sample rate")
    del net.enc_q
    return net.eval()


def check(net: Module, shapes: Mapping[str, tuple[int, ...]]) -> None:
    """Raises `Misfit` if tensors of these names and shapes are not exactly what `net` lacks."""
    wanted = {name: tuple(tensor.shape) for name, tensor in net.state_dict().items()}
    if missing := sorted(wanted.keys() - shapes.keys()):
        raise Misfit(f"{missing[0]} is missing")
    if foreign := sorted(shapes.keys() - wanted.keys()):
        raise Misfit(f"{foreign[0]} is no tensor of an RVC voice")
    for name, shape in wanted.items():
        if shapes[name] != shape:
            raise Misfit(f"{name} is {shapes[name]} and not {shape}")


def _architecture(metadata: Mapping[str, str]) -> Architecture:
    try:
        fields = json.loads(metadata["architecture"])
        PHONE_WIDTH[fields["version"]]  # a version that is none of the two ends here
        return Architecture(fields["version"], bool(fields["f0"]), tuple(fields["config"]))
    except (KeyError, TypeError, ValueError) as error:
        raise Misfit("it does not say its architecture") from error


def _filled(net: Any, tensors: dict[str, Tensor]) -> Any:
    net.load_state_dict({name: tensor.float() for name, tensor in tensors.items()}, assign=True)
    for module in net.modules():
        if hasattr(module, "weight_g"):
            remove_weight_norm(module)
    return net.requires_grad_(False)
