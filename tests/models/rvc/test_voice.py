import weakref
from pathlib import Path

import numpy as np
import pytest
import torch

from audio.pcm import Samples
from models.errors import ModelUnreadable
from models.rvc.net import tiles
from models.rvc.voice import Voice
from tests.models.rvc.test_net import latent
from tests.models.rvc.voices import architecture, write_index, write_safetensors


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    return write_safetensors(tmp_path / "voice.safetensors", architecture())


@pytest.fixture
def index(tmp_path: Path) -> Path:
    return write_index(tmp_path / "index.safetensors", torch.randn(20, 768))


def sung(voice: Voice) -> Samples:
    return np.concatenate(voice.net.decode(tiles(latent(voice.net, 60), 0, 60)))


def test_a_voice_comes_back_after_unloading_the_same(weights: Path, index: Path) -> None:
    voice = Voice(weights, index)
    voice.load("cpu")
    before = sung(voice)
    voice.unload()
    with pytest.raises(RuntimeError, match="not loaded"):
        _ = voice.net
    assert voice.retrieval is None
    voice.load("cpu")
    assert voice.retrieval is not None
    np.testing.assert_array_equal(sung(voice), before)


def test_unloading_frees_the_tensors(weights: Path, index: Path) -> None:
    voice = Voice(weights, index)
    voice.load("cpu")
    sung(voice)
    held: list[weakref.ref[object]] = [
        weakref.ref(voice.net),
        weakref.ref(voice.retrieval),
        weakref.ref(voice.net._synthesizer),
    ]
    assert all(one() is not None for one in held)
    voice.unload()
    assert all(one() is None for one in held)


def test_a_loaded_voice_outlives_its_files(weights: Path, index: Path) -> None:
    """A job goes on when its voice is removed."""
    voice = Voice(weights, index)
    voice.load("cpu")
    before = sung(voice)
    weights.unlink()
    index.unlink()
    np.testing.assert_array_equal(sung(voice), before)
    assert voice.retrieval is not None
    assert voice.retrieval.blend(torch.zeros(1, 4, 768), 1.0).isfinite().all()


def test_a_voice_without_an_index_retrieves_nothing(weights: Path) -> None:
    voice = Voice(weights)
    voice.load("cpu")
    assert voice.retrieval is None


@pytest.mark.parametrize(
    "vectors", [torch.zeros(20, 256), torch.zeros(0, 768), torch.zeros(768), torch.zeros(2, 768).half()]
)
def test_an_index_that_fits_no_voice_is_refused(weights: Path, index: Path, vectors: torch.Tensor) -> None:
    with pytest.raises(ModelUnreadable, match="holds no vectors of 768 numbers"):
        Voice(weights, write_index(index, vectors)).load("cpu")


def test_a_broken_index_is_refused(weights: Path, index: Path) -> None:
    voice = Voice(weights, index)
    for broken in (b"", b"no safetensors", index.read_bytes()[:-50]):
        index.write_bytes(broken)
        with pytest.raises(ModelUnreadable, match="add the voice again"):
            voice.load("cpu")
    index.unlink()
    with pytest.raises(ModelUnreadable, match="add the voice again"):
        voice.load("cpu")
