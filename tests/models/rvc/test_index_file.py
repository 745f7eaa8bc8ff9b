import struct
from pathlib import Path
from typing import Any

import faiss
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.rvc import index_file
from models.rvc.architecture import Version
from models.rvc.errors import NotAVoice
from models.rvc.index_file import Vectors, read_vectors

MIDDLE = 40


def vectors(count: int = 90, width: int = 256) -> Vectors:
    return np.random.default_rng(count).standard_normal((count, width), dtype=np.float32)


def write(path: Path, kind: str, data: Vectors, *, fill: bool = True) -> Path:
    index = faiss.index_factory(data.shape[1], kind)
    index.verbose = False
    index.train(data)
    if fill:
        # In two goes, as it comes about in training: a list then has numbers of both.
        index.add(data[:MIDDLE])
        index.add(data[MIDDLE:])
    faiss.write_index(index, str(path))
    return path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "some.index"


@pytest.mark.parametrize("kind", ["IVF1,Flat", "IVF2,Flat", "Flat"])
@pytest.mark.parametrize(("version", "width"), [("v1", 256), ("v2", 768)])
def test_the_vectors_are_those_that_faiss_gives(kind: str, version: Version, width: int, path: Path) -> None:
    write(path, kind, vectors(width=width))
    by_faiss = faiss.read_index(str(path))
    if isinstance(by_faiss, faiss.IndexIVF):
        by_faiss.make_direct_map()
    assert np.array_equal(read_vectors(path, version), by_faiss.reconstruct_n(0, by_faiss.ntotal))
    assert np.array_equal(read_vectors(path, version), vectors(width=width))


def test_an_inner_product_index_has_the_same_vectors(path: Path) -> None:
    index = faiss.IndexFlatIP(256)
    index.add(vectors())
    faiss.write_index(index, str(path))
    assert np.array_equal(read_vectors(path, "v1"), vectors())


@pytest.mark.parametrize("kind", [1, 2], ids=["array", "hash table"])
def test_an_index_that_can_be_looked_up_by_number(kind: int, path: Path) -> None:
    index: Any = faiss.read_index(str(write(path, "IVF2,Flat", vectors())))
    index.set_direct_map_type(kind)
    faiss.write_index(index, str(path))
    assert np.array_equal(read_vectors(path, "v1"), vectors())


def test_lists_that_are_mostly_empty(path: Path) -> None:
    """faiss then tells the sizes of the others alone."""
    data = vectors(400)
    index = faiss.read_index(str(write(path, "IVF10,Flat", data, fill=False)))
    index.add(data[:2])
    faiss.write_index(index, str(path))
    assert b"sprs" in path.read_bytes()
    assert np.array_equal(read_vectors(path, "v1"), data[:2])


def test_the_empty_index_of_a_training(path: Path) -> None:
    write(path, "IVF2,Flat", vectors(), fill=False)
    with pytest.raises(NotAVoice, match=r"empty, as `trained_\*\.index` files are: give the `added_\*\.index`"):
        read_vectors(path, "v1")


def test_an_index_of_the_other_version(path: Path) -> None:
    write(path, "IVF2,Flat", vectors())
    with pytest.raises(NotAVoice, match="vectors of 256 numbers, so it was made for a v1 voice; this is a v2 voice"):
        read_vectors(path, "v2")


def test_an_index_of_neither_version(path: Path) -> None:
    write(path, "Flat", vectors(width=64))
    with pytest.raises(NotAVoice, match="vectors of 64 numbers, so it was made for something else"):
        read_vectors(path, "v2")


@pytest.mark.parametrize(
    ("kind", "tag"), [("IVF2,PQ8x4", "IwPQ"), ("HNSW4", "IHNf"), ("PCA8,Flat", "IxPT"), ("IVF2,SQ8", "IwSq")]
)
def test_an_index_that_keeps_no_whole_vectors(kind: str, tag: str, path: Path) -> None:
    write(path, kind, vectors(700))
    with pytest.raises(NotAVoice, match=f"faiss writes it as `{tag}`"):
        read_vectors(path, "v1")


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_numbers_that_are_not_finite(bad: float, path: Path) -> None:
    data = vectors()
    index = faiss.IndexFlatL2(256)
    data[7, 3] = bad
    index.add(data)
    faiss.write_index(index, str(path))
    with pytest.raises(NotAVoice, match="not finite"):
        read_vectors(path, "v1")


def test_what_is_no_index(path: Path) -> None:
    path.write_bytes(b"RIFF....WAVE")
    with pytest.raises(NotAVoice, match="no faiss index"):
        read_vectors(path, "v1")
    path.write_bytes(b"")
    with pytest.raises(NotAVoice, match="empty"):
        read_vectors(path, "v1")


def test_an_index_that_is_too_large(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_file, "MAX_BYTES", 1 << 10)
    write(path, "Flat", vectors())
    with pytest.raises(NotAVoice, match="larger than"):
        read_vectors(path, "v1")


def test_an_index_that_is_cut_short(path: Path) -> None:
    whole = write(path, "IVF2,Flat", vectors()).read_bytes()
    for length in (2, 20, 60, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(NotAVoice):
            read_vectors(path, "v1")


HUGE = st.sampled_from([0xFF, 0x80, 0x7F, 0x00, 0x01])


@pytest.mark.parametrize("kind", ["IVF2,Flat", "Flat"])
def test_damaged_bytes_give_vectors_or_a_refusal(kind: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Of the fields before the vectors mostly, where the sizes are: sizes that overflow, or ask for all memory."""
    path = tmp_path_factory.mktemp("damaged") / "some.index"
    whole = write(path, kind, vectors()).read_bytes()
    fields = list(range(140)) + [whole.find(b"ilar") + place for place in range(60) if b"ilar" in whole]

    @settings(max_examples=100)
    @given(
        damage=st.lists(st.tuples(st.sampled_from(fields), HUGE | st.integers(0, 255)), min_size=1, max_size=12),
        run=st.integers(1, 8),
    )
    def damaged(damage: list[tuple[int, int]], run: int) -> None:
        changed = bytearray(whole)
        for place, value in damage:
            changed[place : place + run] = bytes([value]) * run
        path.write_bytes(changed)
        try:
            found = read_vectors(path, "v1")
        except NotAVoice:
            return
        assert found.shape[1] == 256
        assert 0 < found.nbytes <= len(whole)
        assert np.isfinite(found).all()

    damaged()


def test_sizes_that_are_right_only_together(path: Path) -> None:
    """In 64 bits with a sign the first list has -10 vectors, and their sum is the header's. There are bytes enough."""
    whole = write(path, "IVF2,Flat", vectors()).read_bytes()
    at = whole.index(b"full") + 12
    path.write_bytes(whole[:at] + struct.pack("<QQ", 2**64 - 10, 100) + whole[at + 16 :] + bytes(20_000))
    with pytest.raises(NotAVoice, match="damaged"):
        read_vectors(path, "v1")
