import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio.pcm import Samples
from audio.trimming import MARGIN_SECONDS, cut, sounding

RATE = 24_000
MARGIN = round(MARGIN_SECONDS * RATE)


def silence(count: int) -> Samples:
    return np.zeros(count, np.float32)


def sound(count: int) -> Samples:
    return np.full(count, 0.1, np.float32)


@pytest.mark.parametrize(
    ("chunks", "span"),
    [
        ([silence(5_000), sound(100), silence(9_000)], (5_000 - MARGIN, 5_100 + MARGIN)),
        ([np.concatenate([silence(4_000), sound(1)]), silence(9_000), sound(1), silence(7)], (4_000 - MARGIN, 13_009)),
        ([sound(100)], (0, 100)),
        ([silence(100), silence(50)], (0, 150)),
        ([], (0, 0)),
        ([np.full(900, 0.002, np.float32), -sound(1)], (900 - MARGIN, 901)),
    ],
)
def test_where_sound_is(chunks: list[Samples], span: tuple[int, int]) -> None:
    assert sounding(chunks, RATE) == span


@given(st.lists(st.integers(0, 9), max_size=8), st.integers(0, 40), st.integers(0, 40) | st.none())
def test_a_cut_is_a_slice(sizes: list[int], start: int, end: int | None) -> None:
    whole = np.arange(sum(sizes), dtype=np.float32)
    chunks = np.split(whole, np.cumsum(sizes)[:-1]) if sizes else []
    kept = list(cut(chunks, start, end))
    assert np.array_equal(np.concatenate([*kept, silence(0)]), whole[start:end])
    assert all(piece.size for piece in kept)
