import faiss
import numpy as np
import pytest
import torch
from torch import Tensor

from models.rvc import retrieval
from models.rvc.retrieval import Retrieval


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def referred(vectors: Tensor, features: Tensor, rate: float) -> Tensor:
    """The reference's arithmetic, over faiss's exact search."""
    index = faiss.IndexFlatL2(vectors.shape[1])
    index.add(vectors.numpy())
    score, found = index.search(features[0].numpy(), k=8)
    with np.errstate(divide="ignore", invalid="ignore"):
        weight = np.square(1 / score)
        weight /= weight.sum(axis=1, keepdims=True)
    mean = np.sum(vectors.numpy()[found] * weight[..., None], axis=1)
    return torch.from_numpy(mean)[None] * rate + (1 - rate) * features


@pytest.mark.parametrize("width", [256, 768])
@pytest.mark.parametrize("rate", [0.3, 1])
def test_it_is_faiss_s_exact_search(width: int, rate: float) -> None:
    vectors, features = normal(2_000, width), normal(1, 50, width, seed=1)
    blended = Retrieval(vectors).blend(features, rate)
    torch.testing.assert_close(blended, referred(vectors, features, rate), atol=1e-5, rtol=0)


def test_few_queries_at_a_time_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors, features = normal(500, 256), normal(1, 50, 256, seed=1)
    expected = Retrieval(vectors).blend(features, 1)
    monkeypatch.setattr(retrieval, "CELLS", 500 * 7)
    torch.testing.assert_close(Retrieval(vectors).blend(features, 1), expected)


def test_a_query_that_is_a_stored_vector_gives_that_vector_and_no_nan() -> None:
    vectors = normal(100, 256)
    assert bool(referred(vectors, vectors[None, :20].contiguous(), 1).isnan().any())  # as the reference has it
    torch.testing.assert_close(Retrieval(vectors).blend(vectors[None, :20], 1), vectors[None, :20])


@pytest.mark.parametrize("scale", [1e-12, 1e-4, 1e6])
def test_no_scale_of_distances_is_too_small_or_too_large(scale: float) -> None:
    vectors, features = normal(100, 256), normal(1, 20, 256, seed=1)
    blended = Retrieval(vectors * scale).blend(features * scale, 1)
    torch.testing.assert_close(blended / scale, Retrieval(vectors).blend(features, 1), atol=1e-3, rtol=0)


@pytest.mark.parametrize("count", [1, 3, 8, 12])
def test_fewer_vectors_than_neighbours_will_do(count: int) -> None:
    blended = Retrieval(normal(count, 256)).blend(normal(1, 5, 256, seed=1), 1)
    assert bool(blended.isfinite().all())


def test_a_rate_of_0_is_the_features() -> None:
    features = normal(1, 5, 256)
    assert torch.equal(Retrieval(normal(10, 256)).blend(features, 0), features)
