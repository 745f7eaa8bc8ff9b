from collections.abc import Iterator

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from audio.join import FADE_SECONDS, join
from audio.pcm import Samples

RATE = 24_000


@given(
    st.lists(st.tuples(st.integers(0, 2_000), st.floats(0, 0.2)), max_size=6), st.sampled_from([8_000, RATE, 48_000])
)
def test_nothing_is_lost_or_overlapped(segments: list[tuple[int, float]], rate: int) -> None:
    pieces = list(join([(np.ones(size, np.float32), pause) for size, pause in segments], rate))
    assert sum(piece.size for piece in pieces) == sum(size + round(pause * rate) for size, pause in segments)
    assert all(piece.dtype == np.float32 for piece in pieces)


def test_the_hardest_joint_does_not_click() -> None:
    high, low = np.full(RATE, 0.9, np.float32), np.full(RATE, -0.9, np.float32)
    joined = np.concatenate([np.zeros(1), *join([(high, 0.0), (low, 0.1), (high, 0.0)], RATE), np.zeros(1)])
    steepest = 0.9 * np.pi / 2 / round(FADE_SECONDS * RATE)
    assert np.abs(np.diff(joined)).max() <= steepest * 1.01


def test_only_the_edges_of_a_segment_change_and_pauses_are_silent() -> None:
    segment = np.random.default_rng(2).uniform(-1, 1, RATE).astype(np.float32)
    before = segment.copy()
    faded, pause = join([(segment, 0.25)], RATE)
    edge = round(FADE_SECONDS * RATE)
    assert np.array_equal(faded[edge:-edge], segment[edge:-edge])
    assert np.array_equal(pause, np.zeros(RATE // 4, np.float32))
    assert np.array_equal(segment, before)


def test_segments_are_taken_one_at_a_time() -> None:
    taken = []

    def endless() -> Iterator[tuple[Samples, float]]:
        while True:
            taken.append(1)
            yield np.ones(100, np.float32), 0.0

    next(join(endless(), RATE))
    assert len(taken) == 1
