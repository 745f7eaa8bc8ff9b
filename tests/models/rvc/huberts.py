"""HuBERTs with weights from a seed, in the files of fairseq and of transformers."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor
from transformers import HubertConfig, HubertModel

SMALL = {
    "num_hidden_layers": 10,
    "num_attention_heads": 4,
    "intermediate_size": 32,
    "conv_dim": [16] * 7,
    "num_conv_pos_embeddings": 16,
    "num_conv_pos_embedding_groups": 4,
}

_ENTRY = """
[models.contentvec]
kind = "features"
engine = "hubert"
name = "ContentVec, a miniature with random weights"
publisher = "Voxhall's tests"
licence = "Apache-2.0"

[[models.contentvec.files]]
sources = [{ kind = "bundled", path = "none" }]
"""


def overlay(path: Path, folder: Path) -> Path:
    """`path` as an operator's catalog, in which ContentVec is what lies in `folder` now."""
    files = [f'{{ path = "{one.name}", size = {one.stat().st_size} }}' for one in folder.iterdir()]
    path.write_text(f"{_ENTRY}list = [{', '.join(files)}]\n")
    return path


def hubert(seed: int = 0, *, width: int = 768, **fields: Any) -> Any:
    """A small `HubertModel` with the projection to 256 of v1; `width` is that of v2. `fields` go into its config."""
    torch.manual_seed(seed)
    net = HubertModel(HubertConfig(**SMALL | {"hidden_size": width} | fields))
    net.final_proj = torch.nn.Linear(width, net.config.classifier_proj_size)
    with torch.no_grad():
        for one in net.parameters():
            if one.ndim == 1:  # else its features of silence would be zeros
                one.add_(0.1 * torch.randn_like(one))
    return net.eval()


def save_transformers(net: Any, folder: Path, *, pickled: bool = False, dtype: torch.dtype = torch.float32) -> Path:
    """`folder` with `config.json` and, as content-vec-best has them, pickled weights, or safetensors."""
    folder.mkdir(parents=True, exist_ok=True)
    # As the published folders have it: more than a config knows, and the masks of the training.
    extra = {"architectures": ["HubertModelWithFinalProj"], "apply_spec_augment": True, "gradient_checkpointing": False}
    (folder / "config.json").write_text(json.dumps(net.config.to_dict() | extra))
    weights = {name: weight.to(dtype).contiguous() for name, weight in net.state_dict().items()}
    if pickled:
        torch.save({_older(name): weight for name, weight in weights.items()}, folder / "pytorch_model.bin")
    else:
        save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


def save_fairseq(net: Any, folder: Path) -> Path:
    """`folder` with `hubert_base.pt`, in half precision and with a dictionary of fairseq's inside, as RVC's is."""
    folder.mkdir(parents=True, exist_ok=True)
    weights: dict[str, Tensor] = {_fairseq(name): weight.half() for name, weight in net.state_dict().items()}
    weights["label_embs_concat"] = torch.zeros(504, 256).half()
    with _dictionary() as dictionary:
        checkpoint = {
            "args": None,
            "cfg": {"_name": None},
            "model": weights,
            "task_state": {"dictionaries": [dictionary]},
        }
        torch.save(checkpoint, folder / "hubert_base.pt")
    return folder


def _older(name: str) -> str:
    """Of a weight norm, as torch before 2.1 had it."""
    return name.replace("parametrizations.weight.original0", "weight_g").replace(
        "parametrizations.weight.original1", "weight_v"
    )


_FAIRSEQ = {
    "masked_spec_embed": "mask_emb",
    "feature_projection.layer_norm.": "layer_norm.",
    "feature_projection.projection.": "post_extract_proj.",
    "encoder.pos_conv_embed.conv.": "encoder.pos_conv.0.",
    "feature_extractor.conv_layers.0.layer_norm.": "feature_extractor.conv_layers.0.2.",
    **{f"feature_extractor.conv_layers.{i}.conv.": f"feature_extractor.conv_layers.{i}.0." for i in range(7)},
}
_FAIRSEQ_LAYER = {
    "attention.": "self_attn.",
    "layer_norm.": "self_attn_layer_norm.",
    "feed_forward.intermediate_dense.": "fc1.",
    "feed_forward.output_dense.": "fc2.",
    "final_layer_norm.": "final_layer_norm.",
}


def _fairseq(name: str) -> str:
    for ours, theirs in _FAIRSEQ.items():
        if name.startswith(ours):
            return theirs + _older(name.removeprefix(ours))
    if name.startswith("encoder.layers."):
        number, rest = name.removeprefix("encoder.layers.").split(".", 1)
        beginning = next(ours for ours in _FAIRSEQ_LAYER if rest.startswith(ours))
        return f"encoder.layers.{number}.{_FAIRSEQ_LAYER[beginning]}{rest.removeprefix(beginning)}"
    return name


@contextmanager
def _dictionary() -> Iterator[Any]:
    """An instance of a class that pickles as `fairseq.data.dictionary.Dictionary`, which only exists meanwhile."""
    name = "fairseq.data.dictionary"
    kind = type("Dictionary", (), {"__module__": name, "__init__": lambda self: setattr(self, "symbols", ["<s>"])})
    parents = ["fairseq", "fairseq.data", name]
    for parent in parents:
        sys.modules[parent] = ModuleType(parent)
    vars(sys.modules[name])["Dictionary"] = kind
    try:
        yield kind()
    finally:
        for parent in parents:
            del sys.modules[parent]
