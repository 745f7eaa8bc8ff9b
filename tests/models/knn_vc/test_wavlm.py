"""WavLM's sixth layer against transformers' own forward pass, and files that are not what they must be."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from models.errors import ModelUnreadable
from models.knn_vc.wavlm import features, read_wavlm
from tests.models.knn_vc.checkpoints import save_wavlm, tiny, wavlm


def noise(samples: int) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(0).normal(0, 0.1, samples).astype(np.float32))


@pytest.fixture(scope="module")
def net() -> Any:
    return wavlm()


@pytest.fixture(scope="module")
def folder(net: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_wavlm(net, tmp_path_factory.mktemp("wavlm"))


def nothing() -> None:
    """Between two layers."""


@pytest.mark.parametrize("samples", [400, 16_000, 16_241, 32_080, 70_000])
def test_features_are_those_of_the_sixth_layer(net: Any, folder: Path, samples: int) -> None:
    with torch.inference_mode():
        sixth = net(noise(samples)[None], output_hidden_states=True).hidden_states[6][0]
        found = features(read_wavlm(folder), noise(samples), nothing)
    assert found.shape == ((samples - 400) // 320 + 1, 64)
    torch.testing.assert_close(found, sixth, atol=2e-5, rtol=0)


def test_the_layers_after_it_are_not_kept(folder: Path) -> None:
    assert len(read_wavlm(folder).encoder.layers) == 6
    stops: list[int] = []
    with torch.inference_mode():
        features(read_wavlm(folder), noise(400), lambda: stops.append(1))
    assert len(stops) == 7 + 1 + 6


def test_safetensors_serve_as_well(net: Any, folder: Path, tmp_path: Path) -> None:
    other = read_wavlm(save_wavlm(net, tmp_path, pickled=False))
    with torch.inference_mode():
        first, second = (features(one, noise(4_000), nothing) for one in (read_wavlm(folder), other))
    assert torch.equal(first, second)


def refused(folder: Path, message: str) -> None:
    with pytest.raises(ModelUnreadable, match=message) as error:
        read_wavlm(folder)
    assert "voxhall models pull knn-vc" in str(error.value)


def test_nothing_there(tmp_path: Path) -> None:
    refused(tmp_path, "has no model.safetensors or pytorch_model.bin")


@pytest.mark.parametrize("name", ["model.safetensors", "pytorch_model.bin"])
@pytest.mark.parametrize("content", [b"", b"\0" * 64, b"version https://git-lfs.github.com/spec/v1\n"])
def test_no_weights(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    (tmp_path / "config.json").write_text('{"do_stable_layer_norm": true, "feat_extract_norm": "layer"}')
    refused(tmp_path, f"{name} is broken")


@pytest.mark.parametrize("fields", [{"do_stable_layer_norm": False}, {"conv_stride": [5, 2, 2, 2, 2, 2, 1]}])
def test_another_wavlm(tmp_path: Path, fields: dict[str, Any]) -> None:
    refused(save_wavlm(wavlm(**fields), tmp_path), "not WavLM-Large")


def test_fewer_layers_than_it_needs(tmp_path: Path) -> None:
    refused(save_wavlm(wavlm(num_hidden_layers=5), tmp_path), r"Missing key.*encoder.layers.5")


def test_a_pickle_with_code_is_not_run(tmp_path: Path) -> None:
    trace = tmp_path / "trace"

    class Code:
        def __reduce__(self) -> Any:
            return Path.touch, (trace,)

    torch.save({"encoder": Code()}, tiny(tmp_path) / "pytorch_model.bin")
    refused(tmp_path, "is broken")
    assert not trace.exists()
