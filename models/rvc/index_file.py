"""The vectors of a voice's `.index`, as faiss writes it, read with numpy alone.

faiss itself trusts the sizes in a file. Here each is checked against what is left of it. Two kinds are read, which are
all that RVC's trainers write: "IVF<n>,Flat" and "Flat". The layout is that of faiss' impl/index_write.cpp.
"""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.rvc.architecture import PHONE_WIDTH, Version
from models.rvc.errors import NotAVoice

Vectors = NDArray[np.float32]

MAX_BYTES = 1 << 30
"""350,000 vectors of a v2 voice; RVC's trainer thins out to 10,000 what is above 200,000."""

FLAT = (b"IxF2", b"IxFI", b"IxFl")
INVERTED = b"IwFl"

_DAMAGED = "The index is damaged or cut short: fetch it again, or add the voice without it."
_BLOCK = 1 << 14


def read_vectors(path: Path, version: Version) -> Vectors:
    """The vectors, (N, 256) for v1 or (N, 768) for v2, in the order in which they were added; all finite, N > 0.

    Raises:
        NotAVoice
    """
    size = path.stat().st_size
    if size == 0:
        raise NotAVoice("The index is an empty file.")
    if size > MAX_BYTES:
        raise NotAVoice(f"The index is larger than {MAX_BYTES >> 20} MiB: train one of fewer vectors.")
    vectors = _Reader(path).index()
    _check(vectors, version)
    return vectors


def _check(vectors: Vectors, version: Version) -> None:
    count, width = vectors.shape
    if width != PHONE_WIDTH[version]:
        made_for = next((f" a {one} voice" for one, wide in PHONE_WIDTH.items() if wide == width), " something else")
        raise NotAVoice(
            f"The index holds vectors of {width} numbers, so it was made for{made_for}; this is a {version} voice, "
            f"which has {PHONE_WIDTH[version]}: give the index that was trained with it, or none."
        )
    if not count:
        raise NotAVoice("The index is empty, as `trained_*.index` files are: give the `added_*.index` beside it.")
    if not all(np.isfinite(vectors[start : start + _BLOCK]).all() for start in range(0, count, _BLOCK)):
        raise NotAVoice("The index holds numbers that are not finite: train it again, or leave it out.")


class _Reader:
    """Takes a file's fields in order. Whatever does not fit is a `NotAVoice`."""

    def __init__(self, path: Path) -> None:
        self._bytes = np.memmap(path, dtype=np.uint8, mode="r")
        self._at = 0

    def index(self) -> Vectors:
        kind = self._take(4).tobytes()
        if kind in FLAT:
            return self._flat()
        if kind == INVERTED:
            return self._inverted()
        raise NotAVoice(_unknown(kind))

    def _flat(self) -> Vectors:
        width, count = self._header()
        # Counted in floats, or in bytes by older writers.
        if self._count() not in {count * width, count * width * 4}:
            raise NotAVoice(_DAMAGED)
        return self._array("<f4", count * width).reshape(count, width)

    def _inverted(self) -> Vectors:
        """Lists of vectors around centroids; each list has its vectors, then their numbers."""
        width, count = self._header()
        lists, _nprobe = self._count(), self._count()
        self._quantizer(lists)
        self._direct_map()
        sizes = self._sizes(lists, width)
        if int(sizes.sum()) != count or count * (width * 4 + 8) > self._left:
            raise NotAVoice(_DAMAGED)
        vectors, numbers = np.empty((count, width), np.float32), np.empty(count, np.int64)
        start = 0
        for size in sizes[sizes > 0].tolist():
            vectors[start : start + size] = self._array("<f4", size * width).reshape(size, width)
            numbers[start : start + size] = self._array("<i8", size)
            start += size
        return vectors[np.argsort(numbers, kind="stable")]

    def _header(self) -> tuple[int, int]:
        """Width and count of the vectors."""
        width, count = self._number("<i4"), self._number("<i8")
        self._take(16 + 1)  # two that faiss no longer uses, and whether it is trained
        if self._number("<i4") > 1:
            self._take(4)  # the metric's argument
        if not (0 < width <= 4096 and count >= 0):
            raise NotAVoice(_DAMAGED)
        return width, count

    def _quantizer(self, lists: int) -> None:
        """The centroids, which exact search does without."""
        if self._take(4).tobytes() not in FLAT or len(self._flat()) != lists:
            raise NotAVoice(_DAMAGED)

    def _direct_map(self) -> None:
        hashed = self._number("u1") == 2
        self._array("<i8", self._count())
        if hashed:
            self._array("<i8", self._count() * 2)

    def _sizes(self, lists: int, width: int) -> NDArray[np.int64]:
        """Of each list."""
        if self._take(4).tobytes() != b"ilar":
            raise NotAVoice("The index keeps its vectors in another file, as large ones of faiss may: export it whole.")
        if self._count() != lists or self._count() != width * 4:
            raise NotAVoice(_DAMAGED)
        kind = self._take(4).tobytes()
        told = self._array("<u8", self._count())
        sizes = np.zeros(lists, np.int64)
        if kind == b"full" and len(told) == lists:
            sizes[:] = self._within(told, len(self._bytes))
        elif kind == b"sprs" and len(told) % 2 == 0:
            sizes[self._within(told[::2], lists - 1)] = self._within(told[1::2], len(self._bytes))
        else:
            raise NotAVoice(_DAMAGED)
        return sizes

    def _within(self, values: NDArray[Any], most: int) -> NDArray[np.int64]:
        if values.size and int(values.max()) > most:
            raise NotAVoice(_DAMAGED)
        return values.astype(np.int64)

    @property
    def _left(self) -> int:
        return len(self._bytes) - self._at

    def _take(self, count: int) -> NDArray[np.uint8]:
        if count > self._left:
            raise NotAVoice(_DAMAGED)
        taken = self._bytes[self._at : self._at + count]
        self._at += count
        return taken

    def _array(self, kind: str, count: int) -> NDArray[Any]:
        return np.frombuffer(self._take(count * np.dtype(kind).itemsize), kind)

    def _number(self, kind: str) -> int:
        return int(self._array(kind, 1)[0])

    def _count(self) -> int:
        return self._number("<u8")


def _unknown(kind: bytes) -> str:
    if kind[:2] in {b"Iw", b"Iv", b"Ix", b"IH", b"Ib"}:
        return (
            f"The index is of another kind (faiss writes it as `{kind.decode('ascii', 'replace')}`) than RVC's, which "
            "keep whole vectors: give an index of type `IVF…,Flat` or `Flat`, or none."
        )
    return "The index is no faiss index: give the `added_*.index` of the voice, or none."
