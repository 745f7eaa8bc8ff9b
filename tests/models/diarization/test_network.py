from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from models.diarization.network import WINDOW_FRAMES, SpeakerNetwork

# The first numbers of what 3D-Speaker's own torch network gives for these frames: the original of what is installed.
FRAMES = np.random.default_rng(7).standard_normal((2, 345, 80)).astype(np.float32)
EXPECTED = [[-1.0102, -0.0182, 0.4295, -1.0353, -0.4029, 0.7584], [-0.9824, 0.2009, 0.5839, -1.1653, -0.6633, 0.8511]]


@pytest.fixture(scope="module")
def file(models_dir: Path) -> Path:
    return models_dir / "campplus" / "campplus.onnx"


def test_the_installed_graph_is_the_torch_network(file: Path) -> None:
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    (vectors,) = session.run(None, {session.get_inputs()[0].name: FRAMES})
    assert vectors.shape == (2, 192)
    np.testing.assert_allclose(vectors[:, :6], EXPECTED, atol=1e-3)


def test_windows_of_any_length_give_unit_vectors(file: Path) -> None:
    windows = [FRAMES[0, :length] for length in (1, 40, WINDOW_FRAMES, *[WINDOW_FRAMES] * 16)]
    vectors = SpeakerNetwork(file, threads=2).embed(windows)
    assert vectors.shape == (19, 192)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(vectors[2:], np.repeat(vectors[2:3], 17, axis=0), atol=1e-4)


def test_the_microphone_does_not_count(file: Path) -> None:
    """What is the same in all frames is taken away."""
    network = SpeakerNetwork(file, threads=2)
    coloured = FRAMES[0, :100] + np.linspace(-3, 3, 80, dtype=np.float32)
    plain, other = network.embed([FRAMES[0, :100], coloured])
    assert float(plain @ other) > 0.999
