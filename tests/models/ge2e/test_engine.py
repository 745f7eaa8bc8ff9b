"""GE2E beside Resemblyzer's own encoder, on a speaker's recording."""

from pathlib import Path

import numpy as np
import pytest

from audio.pcm import Samples
from models.errors import ModelUnreadable
from models.ge2e.engine import Ge2e
from models.ge2e.features import starts
from tests.models.rvc.pitch.sounds import speech

GOLDEN = Path(__file__).with_name("data") / "resemblyzer.npy"
"""What `normalize_volume` and `VoiceEncoder.embed_utterance` of resemblyzer 0.1.4 make of `clips()`, (4, 256)."""


@pytest.fixture(scope="module")
def ge2e(models_dir: Path) -> Ge2e:
    engine = Ge2e(models_dir / "ge2e")
    engine.load("cpu")
    return engine


def clips() -> list[Samples]:
    """All of it, less than a window, two windows, and all of it from afar."""
    samples, _ = speech()
    return [samples, samples[:16_000], samples[:35_840], samples * np.float32(0.01)]


def test_it_hears_what_resemblyzer_hears(ge2e: Ge2e) -> None:
    ours = np.stack([ge2e.embed(clip) for clip in clips()])
    assert ours.dtype == np.float32
    np.testing.assert_allclose(ours, np.load(GOLDEN), atol=1e-5)


def test_one_speaker_is_nearer_than_noise(ge2e: Ge2e) -> None:
    samples, _ = speech()
    first, second = ge2e.embed(samples[:48_000]), ge2e.embed(samples[48_000:])
    noise = ge2e.embed(np.random.default_rng(0).normal(scale=0.1, size=48_000).astype(np.float32))
    assert first @ second > 0.75
    assert first @ noise < first @ second - 0.2


def test_silence_is_a_vector_too(ge2e: Ge2e) -> None:
    for samples in (np.zeros(20_000, np.float32), np.zeros(0, np.float32)):
        vector = ge2e.embed(samples)
        assert vector.shape == (256,)
        assert np.isfinite(vector).all()


@pytest.mark.parametrize(
    ("length", "expected"),
    [
        (1, [0]),
        (16_000, [0]),
        (25_600, [0]),
        (35_840, [0, 77]),
        (60_000, [0, 77, 154, 231]),
        (96_000, [*range(0, 463, 77)]),
    ],
)
def test_windows_begin_where_resemblyzer_begins_them(length: int, expected: list[int]) -> None:
    assert starts(length) == expected


@pytest.mark.parametrize("content", [None, b"", b"no weights"])
def test_a_broken_model_names_its_cure(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "pretrained.pt").write_bytes(content)
    with pytest.raises(ModelUnreadable, match="voxhall models pull ge2e"):
        Ge2e(tmp_path).load("cpu")


def test_unloaded(models_dir: Path) -> None:
    with pytest.raises(RuntimeError, match="not loaded"):
        Ge2e(models_dir / "ge2e").embed(np.zeros(16_000, np.float32))
