"""What the transformer has heard of a clip, as an `Embedding` and back: the names of the package's own export."""

from collections.abc import Mapping
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor

from models.cloning.embedding import Embedding, EmbeddingBroken
from models.pocket_tts.stepped import State

CACHE, TIME = "cache", 2
"""Keys and values (2, 1, frames, heads, size), and which of its axes is as long as the clip."""


def flat(state: State) -> dict[str, NDArray[Any]]:
    return {f"{module}/{key}": tensor.cpu().numpy() for module, held in state.items() for key, tensor in held.items()}


def nested(embedding: Embedding, layout: State, device: torch.device) -> State:
    """`layout`: a state of the model without content. Raises `EmbeddingBroken` where the embedding is of another."""
    stored = {name: torch.tensor(array) for name, array in embedding.tensors.items()}
    wanted = {f"{module}/{key}": tensor for module, held in layout.items() for key, tensor in held.items()}
    if _forms(stored) != _forms(wanted):
        raise EmbeddingBroken("The stored embedding is of another model.")
    return {module: {key: stored[f"{module}/{key}"].to(device) for key in held} for module, held in layout.items()}


def _forms(tensors: Mapping[str, Tensor]) -> dict[str, Any]:
    return {name: (one.dtype, _shape_beside_time(name, one)) for name, one in tensors.items()}


def _shape_beside_time(name: str, tensor: Tensor) -> tuple[int, ...]:
    shape = tuple(tensor.shape)
    return shape[:TIME] + shape[TIME + 1 :] if name.endswith(f"/{CACHE}") else shape
