import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import signal

from audio.pcm import Samples
from models.rvc.cuts import chunks
from models.rvc.envelope import mixed
from models.rvc.frames import SAMPLE_RATE
from models.rvc.options import FULL
from models.rvc.recording import BLOCK, Recording
from tests.models.rvc.sounds import voiced

MIB = 1 << 20


def noise(count: int, seed: int = 0) -> Samples:
    return (0.2 * np.random.default_rng(seed).standard_normal(count)).clip(-0.9, 0.9).astype(np.float32)


def whole(audio: Samples) -> npt.NDArray[np.float64]:
    """As the reference filters it."""
    filtered: npt.NDArray[np.float64] = signal.filtfilt(*signal.butter(N=5, Wn=48, btype="high", fs=16_000), audio)
    return filtered


@pytest.mark.parametrize("count", [19, 800, BLOCK, BLOCK + 1, 2 * BLOCK + 12_345])
def test_blocks_are_those_of_the_filter_over_the_whole(count: int) -> None:
    audio = noise(count) + np.float32(0.05)  # rumble that is not there when it has gone through
    expected = whole(audio)
    # float32 rounds by 6e-8; so much does the filter itself, whose poles lie close together
    np.testing.assert_allclose(
        Recording.prepare(audio, None).samples, expected, atol=1e-7 * np.abs(expected).max(), rtol=0
    )


@pytest.mark.parametrize("count", [1, 2, 10, 18])
def test_what_is_shorter_than_the_filter_s_padding_is_numbers(count: int) -> None:
    samples = Recording.prepare(noise(count), None).samples
    assert len(samples) == count
    assert np.isfinite(samples).all()


def test_what_is_loud_is_turned_down_and_what_is_not_is_left() -> None:
    audio = voiced(1)
    quiet, loud = audio * 0.5 / np.abs(audio).max(), audio * 1.9 / np.abs(audio).max()
    np.testing.assert_allclose(Recording.prepare(quiet, None).samples, whole(quiet), atol=1e-6)
    np.testing.assert_allclose(Recording.prepare(loud, None).samples, whole(loud / 2), atol=1e-6)


def test_samples_that_are_no_numbers_are_silence() -> None:
    audio = voiced(1)
    silenced = audio.copy()
    audio[[0, 7_000, 15_999]] = np.nan, np.inf, -np.inf
    silenced[[0, 7_000, 15_999]] = 0
    np.testing.assert_array_equal(Recording.prepare(audio, None).samples, Recording.prepare(silenced, None).samples)


def test_an_empty_one_is_refused() -> None:
    with pytest.raises(ValueError, match="empty"):
        Recording.prepare(np.empty(0, np.float32), None)


@given(st.integers(1, 60), st.integers(0, 200), st.integers(0, 460), st.integers(0, 460))
def test_padding_is_numpy_s_reflection(count: int, pad: int, one: int, other: int) -> None:
    recording = Recording(noise(count))
    expected = np.pad(recording.samples, pad, mode="reflect")
    start, stop = sorted(min(at, len(expected)) for at in (one, other))
    np.testing.assert_array_equal(recording.padded(start, stop, pad), expected[start:stop])


def test_twenty_minutes_need_the_memory_of_half_a_minute(tmp_path: Path) -> None:
    audio = np.memmap(tmp_path / "audio.f32", np.float32, "w+", shape=(20 * 60 * SAMPLE_RATE,))
    for start in range(0, len(audio), BLOCK):
        audio[start : start + BLOCK] = noise(BLOCK, seed=start)

    def decoded() -> Iterator[Samples]:
        return (audio[start : start + BLOCK] for start in range(0, len(audio), BLOCK))

    tracemalloc.start()
    recording = Recording.prepare(audio, tmp_path)
    cut = chunks(recording, FULL)
    count = sum(
        len(block) for block in mixed(decoded(), recording, rate=0.25, sample_rate=SAMPLE_RATE, length=len(audio))
    )
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(cut) == 32
    assert count == len(audio)
    assert most < 40 * MIB < audio.nbytes / 1.8
