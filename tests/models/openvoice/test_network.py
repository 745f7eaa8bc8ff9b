"""The converter against what OpenVoice's own code made (see data/README.md)."""

from pathlib import Path

import numpy as np
import pytest
import torch

from models.cloning.embedding import Embedding
from models.cloning.engine import Wish
from models.openvoice.engine import OpenVoice
from models.openvoice.spectrogram import spectrogram
from tests.models.openvoice.checkpoints import PUBLISHED, shapes, tiny

GOLDEN = Path(__file__).parent / "data" / "converted.npz"


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> OpenVoice:
    one = OpenVoice(tiny(tmp_path_factory.mktemp("openvoice")))
    one.load("cpu")
    return one


def test_speech_is_changed_as_by_openvoice(engine: OpenVoice) -> None:
    golden = np.load(GOLDEN)
    source = golden["source"].astype(np.float32) / 32_768
    voice = engine.voice(Embedding({"tone": golden["tone"][:, ::-1].copy()}))
    changed = engine.change(voice, source, Wish(seed=7), lambda: None)
    assert np.abs(golden["converted"]).max() > 0.1
    np.testing.assert_allclose(changed, golden["converted"], atol=1e-5, rtol=0)


def test_the_published_checkpoint_has_these_tensors() -> None:
    """It has 486, of 32,792,226 numbers, as public projects that pin it state."""
    published = shapes(PUBLISHED)
    assert len(published) == 486
    assert sum(int(np.prod(shape)) for shape in published.values()) == 32_792_226


def test_a_spectrogram_has_a_frame_for_each_hop() -> None:
    assert spectrogram(torch.zeros(512)).shape == (1, 513, 2)
    tone = torch.sin(torch.arange(22_050) * 2 * torch.pi * 1_000 / 22_050)
    assert int(spectrogram(tone)[0, :, 40].argmax()) == round(1_000 * 1_024 / 22_050)
