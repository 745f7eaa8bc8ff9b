from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audio.pcm import Samples
from models.rvc.envelope import headroom, mixed
from models.rvc.recording import Recording
from tests.models.rvc import driver
from tests.models.rvc.sounds import voiced


def result(count: int) -> Samples:
    """Of another loudness, and louder towards its end."""
    audio = voiced(5, seed=3)[:count]
    return (audio * np.linspace(0.1, 2, len(audio))).astype(np.float32)


def referred(recording: Recording, converted: Samples, sample_rate: int, rate: float) -> Samples:
    samples: Samples = driver.module().change_rms(recording.samples, 16_000, converted.copy(), sample_rate, rate)
    return samples


def put_together(recording: Recording, blocks: list[Samples], sample_rate: int, rate: float) -> Samples:
    length = sum(len(block) for block in blocks)
    return np.concatenate(list(mixed(blocks, recording, rate=rate, sample_rate=sample_rate, length=length)))


@settings(max_examples=25)
@given(
    heard=st.sampled_from([10, 799, 8_000, 31_999, 48_000]),
    given=st.integers(1, 60_000),
    sample_rate=st.sampled_from([16_000, 32_000, 40_000]),
    rate=st.sampled_from([0, 0.25, 0.9]),
    block=st.sampled_from([100, 7_001, 20_000, 100_000]),
)
def test_it_is_the_reference_s_in_blocks_of_any_size(
    heard: int, given: int, sample_rate: int, rate: float, block: int
) -> None:
    recording, converted = Recording(voiced(3)[:heard]), result(given)
    blocks = [converted[start : start + block] for start in range(0, len(converted), block)]
    expected = referred(recording, converted, sample_rate, rate)
    np.testing.assert_allclose(put_together(recording, blocks, sample_rate, rate), expected, atol=2e-5, rtol=2e-5)


def test_one_leaves_the_result_as_it_is() -> None:
    converted = result(50_000)
    np.testing.assert_array_equal(put_together(Recording(voiced(1)), [converted], 40_000, 1), converted)


def test_no_more_than_two_seconds_are_held_back() -> None:
    recording, converted = Recording(voiced(4)), result(64_000)
    came = left = 0

    def counted() -> Iterator[Samples]:
        nonlocal came
        for start in range(0, 64_000, 1_600):
            came += 1_600
            yield converted[start : start + 1_600]

    for block in mixed(counted(), recording, rate=0.5, sample_rate=16_000, length=64_000):
        left += len(block)
        assert came - left <= 32_000
    assert left == 64_000


@pytest.mark.parametrize("count", [49_999, 50_001])
def test_half_of_a_result_is_not_taken_for_all_of_it(count: int) -> None:
    with pytest.raises(ValueError, match="instead of 50000"):
        list(mixed([result(count)], Recording(voiced(1)), rate=0, sample_rate=40_000, length=50_000))


@pytest.mark.parametrize("rate", [0, 0.25])
def test_silence_gives_numbers(rate: float) -> None:
    silence = np.zeros(20_000, np.float32)
    assert not put_together(Recording(silence), [result(50_000)], 40_000, rate).any()
    assert np.isfinite(put_together(Recording(voiced(1)), [silence], 40_000, rate)).all()


def test_headroom_is_the_reference_s_of_one_hundredth() -> None:
    assert headroom(0) == headroom(0.5) == headroom(0.99) == 1
    assert headroom(1.98) == pytest.approx(0.5)
