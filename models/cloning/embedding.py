"""A voice as an engine's own numbers: what it computes once from a clip, and speaks from ever after."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save

LENGTH = 8
"""Bytes before a safetensors header, which say how long it is."""


class EmbeddingBroken(Exception):
    """The stored embedding cannot be read; it can be made anew from the voice's clip."""


@dataclass(frozen=True, slots=True)
class Embedding:
    """Arrays by name, and what is to be said of them in words. Stored as safetensors: never a pickle."""

    tensors: Mapping[str, NDArray[Any]]
    notes: Mapping[str, str] = field(default_factory=dict)

    def to_bytes(self) -> bytes:
        # safetensors writes a view as it lies in memory, which is another array.
        whole = {name: np.ascontiguousarray(array) for name, array in self.tensors.items()}
        return save(whole, metadata=dict(self.notes))

    @classmethod
    def from_bytes(cls, stored: bytes) -> Self:
        """Raises `EmbeddingBroken`."""
        try:
            tensors = load(stored)
            length = int.from_bytes(stored[:LENGTH], "little")
            notes = json.loads(stored[LENGTH : LENGTH + length]).get("__metadata__", {})
        except (SafetensorError, ValueError) as error:
            raise EmbeddingBroken("The stored embedding is broken.") from error
        return cls(tensors, notes)
