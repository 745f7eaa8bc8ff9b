"""Embeddings as they are stored."""

import numpy as np
import pytest

from models.cloning.embedding import Embedding, EmbeddingBroken


def test_what_is_stored_comes_back() -> None:
    kept = Embedding(
        {"a": np.arange(3, dtype=np.int64), "b": np.array([[0.5]], np.float32)}, {"text": "Grüße", "none": ""}
    )
    found = Embedding.from_bytes(kept.to_bytes())
    assert found.notes == kept.notes
    assert {name: array.tolist() for name, array in found.tensors.items()} == {"a": [0, 1, 2], "b": [[0.5]]}
    assert found.tensors["a"].dtype == np.int64


def test_a_view_comes_back_as_it_looks() -> None:
    turned = np.arange(6, dtype=np.float32).reshape(2, 3).T
    assert np.array_equal(Embedding.from_bytes(Embedding({"a": turned}).to_bytes()).tensors["a"], turned)


@pytest.mark.parametrize("stored", [b"", b"of another version", b"\x10" + bytes(7) + b"{" * 16, bytes(64)])
def test_what_is_broken_is_said_to_be(stored: bytes) -> None:
    with pytest.raises(EmbeddingBroken):
        Embedding.from_bytes(stored)


def test_what_is_cut_off_is_broken() -> None:
    stored = Embedding({"a": np.zeros(100, np.float32)}).to_bytes()
    with pytest.raises(EmbeddingBroken):
        Embedding.from_bytes(stored[:-50])
