"""ContentVec, a HuBERT-base: what is said in 16 kHz audio, 50 times a second, without who says it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from audio.pcm import Samples
from models.device_errors import device_errors
from models.errors import ModelUnreadable
from models.rvc.architecture import Version
from models.rvc.hubert_files import PULL, Checkpoint, read
from models.rvc.precision import finite, half

LAYERS = 9
"""Of the twelve, for v1."""


class Hubert:
    """One model; `folder` holds `hubert_base.pt` as fairseq wrote it, or `config.json` with `model.safetensors` or
    `pytorch_model.bin` as transformers writes them.

    Never more than one sound at a time: its first normalisation runs over the whole length, so padding changes it all.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._net: Any = None

    def load(self, device: str) -> None:
        """Read the weights onto a torch device ("cpu", "cuda:1"). Raises `ModelUnreadable`."""
        net = _net(read(self._folder))
        self._net = net.to(device, torch.float16 if half(device) else torch.float32).eval()

    def unload(self) -> None:
        """Let go of the weights; `load` brings them back."""
        self._net = None

    @property
    def versions(self) -> tuple[Version, ...]:
        """Those of voices that it has features for: v1 needs a projection that some checkpoints lack."""
        net = self._loaded()
        return ("v1", "v2") if net.final_proj is not None and len(net.encoder.layers) >= LAYERS else ("v2",)

    def features(self, samples: Samples, version: Version, between: Callable[[], None] = lambda: None) -> torch.Tensor:
        """Of `samples` (n,), n at least 400: float32 (1, (n - 400) // 320 + 1, 256 | 768) on the device, v1 | v2.

        v1 is layer 9 through the projection, v2 is layer 12, both as in RVC; nothing is scaled. `between` is called on
        this thread after each layer: some tenths of a second apart for a few seconds of sound. It may compute features,
        too, and what it raises ends these.

        Raises `ModelUnreadable` where the checkpoint has none for `version`, and `OutOfMemory` and `DeviceLost` of
        `models.errors`.
        """
        net = self._loaded()
        if version not in self.versions:
            raise ModelUnreadable(f"this ContentVec lacks the final_proj that v1 voices need: {PULL}")
        sound = torch.tensor(samples)[None]
        with torch.inference_mode(), device_errors(net.device):
            self._net, features = finite(net, lambda net: _forward(net, sound, version, between))
        return features

    def _loaded(self) -> Any:
        if self._net is None:
            raise RuntimeError("HuBERT is not loaded")
        return self._net


def _forward(net: Any, sound: torch.Tensor, version: Version, between: Callable[[], None]) -> torch.Tensor:
    """`HubertModel.forward` of transformers, for one sound (1, n) without mask, as far as it is needed."""
    weight = net.feature_projection.projection.weight
    hidden = sound.to(weight.device, weight.dtype)[:, None]
    for convolution in net.feature_extractor.conv_layers:
        hidden = convolution(hidden)
        between()
    hidden = net.feature_projection(hidden.transpose(1, 2))
    hidden = net.encoder.layer_norm(hidden + net.encoder.pos_conv_embed(hidden))
    for layer in net.encoder.layers[: LAYERS if version == "v1" else None]:
        hidden = layer(hidden, attention_mask=None)
        between()
    return net.final_proj(hidden) if version == "v1" else hidden


def _net(checkpoint: Checkpoint) -> Any:
    """A `HubertModel` with its projection, its one weight norm folded. Raises `ModelUnreadable`."""
    from transformers import HubertModel  # noqa: PLC0415 - slow

    config, weights = checkpoint.config, checkpoint.weights
    with torch.device("meta"):
        net = HubertModel(config)
        projected = "final_proj.weight" in weights
        net.final_proj = torch.nn.Linear(config.hidden_size, config.classifier_proj_size) if projected else None
    try:
        net.load_state_dict({name: weight.float() for name, weight in weights.items()}, assign=True)
    except RuntimeError as error:
        raise ModelUnreadable(f"{checkpoint.name} is not the ContentVec of RVC ({_said(error)}): {PULL}") from error
    torch.nn.utils.parametrize.remove_parametrizations(net.encoder.pos_conv_embed.conv, "weight")
    return net.requires_grad_(requires_grad=False)


def _said(error: RuntimeError) -> str:
    """What torch says of the tensors that are missing, left over or of another shape, cut to a sentence."""
    return " ".join(str(error).split())[:300]
