"""The genuine features of silence, and who is told from them."""

from pathlib import Path

import numpy as np
import pytest
import torch

from audio.pcm import Samples
from jobs.settings import Settings
from models.catalog import load_catalog
from models.rvc.architecture import Version
from models.rvc.golden import LEAST, check, landmarks
from models.rvc.hubert import Hubert
from models.store import Store
from tests.models.rvc.huberts import hubert, save_transformers


def test_the_landmarks_are_the_published_ones() -> None:
    """Frame 74 of both, the tenth that is kept: its first numbers and its norm, as measured on the whole files."""
    v1, v2 = landmarks()["v1"], landmarks()["v2"]
    assert v1.shape == (19, 256)
    assert v2.shape == (19, 768)
    assert v1[9, :8] == pytest.approx([0.6279, 0.1171, 0.4575, 0.0717, -1.4570, -0.1453, 1.1309, 0.2423], abs=5e-4)
    assert v2[9, :8] == pytest.approx([-0.0352, -0.0361, -0.3433, 0.0496, 0.2338, -0.0374, 0.1122, 0.1260], abs=5e-4)
    assert np.linalg.norm(v1[9]) == pytest.approx(14.148, abs=1e-2)
    assert np.linalg.norm(v2[9]) == pytest.approx(9.857, abs=1e-2)


def test_another_net_is_told_from_it(tmp_path: Path) -> None:
    one = Hubert(save_transformers(hubert(), tmp_path))
    one.load("cpu")
    cosines = check(one)
    assert set(cosines) == {"v1", "v2"}
    assert all(abs(cosine) < 0.5 for cosine in cosines.values())


def test_a_net_that_gives_nothing_is_told_from_it(tmp_path: Path) -> None:
    silent = hubert()
    torch.nn.init.zeros_(silent.encoder.layers[-1].final_layer_norm.weight)
    torch.nn.init.zeros_(silent.encoder.layers[-1].final_layer_norm.bias)
    one = Hubert(save_transformers(silent, tmp_path))
    one.load("cpu")
    assert check(one)["v2"] == 0


def test_the_frames_are_the_same_ones_and_all_must_agree() -> None:
    """A net that gives the genuine features passes; the same frames one later do not."""

    class Genuine(Hubert):
        versions = ("v2",)
        late = 0

        def features(self, samples: Samples, version: Version, between: object = None) -> torch.Tensor:
            assert not samples.any()
            assert len(samples) == 48_000
            whole = np.zeros((149, 768), dtype=np.float32)
            whole[2::8] = np.roll(landmarks()["v2"], self.late, axis=0)
            return torch.from_numpy(whole)[None]

    genuine = Genuine(Path())
    assert check(genuine) == {"v2": pytest.approx(1)}
    genuine.late = 1
    assert check(genuine)["v2"] < LEAST


@pytest.mark.gpu
def test_the_installed_contentvec_is_genuine() -> None:
    settings = Settings()
    store = Store(settings.models_dir, load_catalog(settings.catalog))
    if not store.installed("contentvec"):
        pytest.skip("contentvec is not installed: `voxhall models pull contentvec`")
    one = Hubert(store.folder_of("contentvec"))
    one.load("cpu")
    assert min(check(one).values()) >= LEAST
