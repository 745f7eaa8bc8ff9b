import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.cluster.hierarchy import linkage

from models.diarization import clusters
from models.diarization.clusters import BLOCK, MOST_SPEAKERS, centres

Vectors = NDArray[np.float32]


def windows(counts: list[int], noise: float = 0.9) -> Vectors:
    """Unit vectors around random directions, as many around each as `counts` says, in turn."""
    random = np.random.default_rng(len(counts))
    directions = random.standard_normal((len(counts), 192))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    of = np.repeat(np.arange(len(counts)), counts)
    random.shuffle(of)
    vectors = directions[of] + noise * random.standard_normal((len(of), 192)) / np.sqrt(192)
    unit: Vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return unit


@pytest.mark.parametrize("counts", [[1], [40], [40, 8], [30, 20, 10, 5]])
def test_the_number_of_speakers_is_found(counts: list[int]) -> None:
    assert centres(windows(counts)).shape == (len(counts), 192)


def test_a_few_stray_windows_are_no_speaker() -> None:
    assert len(centres(windows([30, 30, 1, 2]))) == 2


def test_only_stray_windows_are_one_speaker() -> None:
    assert len(centres(windows([1, 1]))) == 1


def test_a_crowd_has_a_bound() -> None:
    assert len(centres(windows([4] * (MOST_SPEAKERS + 5)))) == MOST_SPEAKERS


@given(st.integers(1, 8), st.integers(1, 40))
def test_the_number_that_was_given_is_kept(speakers: int, count: int) -> None:
    found = centres(windows([count, count, 1]), speakers)
    assert len(found) == min(speakers, 2 * count + 1)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, rtol=1e-5)


@pytest.mark.parametrize("speakers", [None, 3])
def test_more_than_a_block_gives_the_same_speakers(speakers: int | None) -> None:
    """An hour's windows: three blocks, and one speaker who is only in few of them."""
    many = windows([BLOCK, BLOCK // 2, 60])
    found, few = centres(many, speakers), centres(many[:BLOCK], speakers)
    similarity = found @ few.T
    assert similarity.shape == (3, 3)
    assert sorted(similarity.argmax(axis=1)) == [0, 1, 2]
    assert similarity.max(axis=1).min() > 0.9


@pytest.mark.parametrize("speakers", [None, 3])
def test_memory_is_bounded_though_all_are_far_apart(monkeypatch: pytest.MonkeyPatch, speakers: int | None) -> None:
    """As in noise; the one voice among it is found all the same."""
    sizes: list[int] = []

    def spy(distances: NDArray[np.float64], method: str) -> NDArray[np.float64]:
        sizes.append(len(distances))
        return np.asarray(linkage(distances, method))

    block = 60
    monkeypatch.setattr(clusters, "BLOCK", block)
    monkeypatch.setattr(clusters, "linkage", spy)
    voice, noise = windows([40], noise=0.3), windows([1] * 500)
    found = centres(np.concatenate([noise[:250], voice, noise[250:]]), speakers)
    assert max(sizes) <= block * (block - 1) // 2
    assert (voice @ found.T).max(axis=1).min() > 0.7
    assert speakers in (None, len(found))
