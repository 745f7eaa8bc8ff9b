import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audio.cuts import pieces_of

RATE = 1_000


@settings(max_examples=60)
@given(st.integers(0, 9_000), st.lists(st.integers(0, 9_000), max_size=20), st.floats(0.5, 3.0))
def test_nothing_is_lost_and_no_piece_is_too_long(length: int, ends: list[int], longest: float) -> None:
    samples = np.random.default_rng(length).standard_normal(length).astype(np.float32)
    pieces = [*pieces_of(np.split(samples, sorted(min(end, length) for end in ends)), RATE, longest)]
    assert np.array_equal(np.concatenate([samples[:0], *pieces]), samples)
    assert all(piece.size <= longest * RATE for piece in pieces)
    assert len(pieces) == 1 or all(piece.size >= 0.3 * longest * RATE for piece in pieces)
    whole = [piece.size for piece in pieces_of([samples], RATE, longest)]
    assert [piece.size for piece in pieces] == whole


@pytest.mark.parametrize(("length", "quiet"), [(6_000, [1_500, 3_200, 4_900]), (2_500, [1_300]), (1_900, [])])
def test_it_is_cut_where_it_is_quiet(length: int, quiet: list[int]) -> None:
    samples = np.random.default_rng(1).standard_normal(length).astype(np.float32)
    for at in quiet:
        samples[at - 30 : at + 30] *= 1e-3
    ends = np.cumsum([piece.size for piece in pieces_of([samples], RATE, 2.0)])[:-1]
    assert ends == pytest.approx(quiet, abs=30)
