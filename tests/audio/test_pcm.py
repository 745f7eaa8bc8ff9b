import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from audio.pcm import from_f32, from_s16, to_f32, to_s16

SIGNALS = arrays(np.float32, st.integers(0, 200), elements=st.floats(-4, 4, width=32))


@given(st.binary(max_size=400).filter(lambda data: len(data) % 2 == 0))
def test_sixteen_bits_survive_the_way_to_floats_and_back(data: bytes) -> None:
    assert to_s16(from_s16(data)) == data


@given(SIGNALS)
def test_floats_survive_to_within_half_a_step_and_are_clipped(samples: np.ndarray) -> None:
    back = from_s16(to_s16(samples))
    assert back.dtype == np.float32
    assert np.all(np.abs(back - np.clip(samples, -1, 32_767 / 32_768)) <= 0.5 / 32_768 + 1e-7)


@given(SIGNALS)
def test_float_bytes_are_exact(samples: np.ndarray) -> None:
    assert np.array_equal(from_f32(to_f32(samples)), samples)


def test_byte_order_is_little_endian() -> None:
    assert to_s16(np.array([0.5, -1, 1], np.float32)) == b"\x00\x40\x00\x80\xff\x7f"
    assert to_f32(np.array([1], np.float32)) == b"\x00\x00\x80\x3f"
