import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from audio.edges import without_edges
from audio.pcm import Samples

RATE = 24_000
QUIET = 10**-4


def sound(*parts: tuple[float, float]) -> Samples:
    """Noise of so many seconds, so loud, one part after the other."""
    noise = np.random.default_rng(1).choice([-1.0, 1.0], sum(round(seconds * RATE) for seconds, _ in parts))
    samples: Samples = noise * np.repeat([loud for _, loud in parts], [round(s * RATE) for s, _ in parts])
    return samples.astype(np.float32)


SPOKEN = sound((0.3, QUIET), (0.2, 0.5), (0.1, QUIET), (0.2, 0.5), (0.4, QUIET))


def joined(blocks: list[Samples]) -> Samples:
    return np.concatenate([np.zeros(0, np.float32), *without_edges(blocks, RATE)])


def test_silence_is_cut_at_both_ends_and_stays_amid_the_speech() -> None:
    kept = joined([SPOKEN])
    assert kept.size == round((0.01 + 0.5 + 0.01) * RATE)
    assert np.array_equal(kept[300:-300], SPOKEN[round(0.29 * RATE) :][300 : kept.size - 300])


def test_both_ends_die_away() -> None:
    kept = joined([sound((0.1, 0.5))])
    assert kept.size == RATE // 10
    assert max(abs(kept[0]), abs(kept[-1])) < 0.001
    assert np.abs(kept[120:-120]).min() == 0.5


@settings(max_examples=60)
@given(st.lists(st.integers(0, SPOKEN.size), max_size=30))
@example([7201])  # one sample of the speech, and the rest
def test_where_blocks_end_changes_nothing(ends: list[int]) -> None:
    assert np.array_equal(joined(np.split(SPOKEN, sorted(ends))), joined([SPOKEN]))


def test_sound_comes_before_its_end() -> None:
    blocks = without_edges(iter([sound((0.2, 0.5)), sound((0.2, 0.5))]), RATE)
    assert next(blocks).size > 0.15 * RATE


def test_silence_alone_is_nothing() -> None:
    assert joined([sound((1.0, QUIET))]).size == joined([]).size == 0
