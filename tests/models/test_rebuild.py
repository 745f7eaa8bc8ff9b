"""Kokoro's weights from the int8 export in its real packages."""

import json
import re
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from kokoro.model import KModel
from onnx import numpy_helper

from models.catalog import load_catalog
from models.files import RebuildSource
from models.hub import Hub
from models.kokoro.rebuild import MODULES, RebuildError, rebuild, write
from models.sources import BUNDLED, Sources
from tests.models.loopback import Remembered

CONFIG: dict[str, Any] = json.loads((BUNDLED / "kokoro" / "config.json").read_text(encoding="utf-8"))


@dataclass
class Rebuilt:
    export: Path
    checkpoint: Path


@pytest.fixture(scope="module")
def rebuilt(tmp_path_factory: pytest.TempPathFactory) -> Rebuilt:
    folder = tmp_path_factory.mktemp("rebuilt")
    weights = next(file for file in load_catalog().model("kokoro").files if file.path == "kokoro-v1_0.pth")
    recipe = next(source for source in weights.sources if isinstance(source, RebuildSource))
    with Hub() as hub:
        Sources(hub, folder, Remembered()).fetch(weights, recipe, folder / weights.path)
    return Rebuilt(folder / "joined", folder / weights.path)


@pytest.fixture(scope="module")
def model(rebuilt: Rebuilt) -> KModel:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # kokoro uses older forms of torch's LSTM and weight norm
        return KModel(repo_id="none", config=CONFIG, model=str(rebuilt.checkpoint)).eval()


def test_every_weight_is_there_and_finite(rebuilt: Rebuilt, model: KModel) -> None:
    checkpoint = torch.load(rebuilt.checkpoint, weights_only=True)
    assert tuple(checkpoint) == MODULES
    for name, state in checkpoint.items():
        expected = getattr(model, name).state_dict()
        assert state.keys() == expected.keys()
        for key, tensor in state.items():
            assert tensor.dtype == torch.float32
            assert torch.isfinite(tensor).all(), key
            assert torch.equal(tensor, expected[key]), key


def test_the_convolutions_quantise_back_to_the_exports_integers(rebuilt: Rebuilt, model: KModel) -> None:
    graph = onnx.load(rebuilt.export).graph
    tensors = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    modules = dict(model.named_modules())
    compared = 0
    for node in graph.node:
        if node.op_type != "ConvInteger":
            continue
        path = ".".join(node.name.strip("/").split("/")[1:-1])
        path = re.sub(r"(cnn\.\d|asr_res)\.\1", r"\1", path)
        module = modules[path if path in modules else f"predictor.{path}"]
        stem = node.input[1].removesuffix("_quantized")
        integers = effective(module) / float(tensors[f"{stem}_scale"]) + float(tensors[node.input[3]])
        np.testing.assert_allclose(integers, tensors[node.input[1]], atol=1e-2)
        compared += 1
    assert compared == 87


def effective(module: torch.nn.Module) -> np.ndarray[Any, np.dtype[np.float32]]:
    """The weight with which a convolution convolves, weight norm resolved."""
    state = module.state_dict()
    if "weight" in state:
        return state["weight"].numpy()  # type: ignore[no-any-return]
    dims = tuple(range(1, state["weight_v"].ndim))
    return (state["weight_v"] * state["weight_g"] / state["weight_v"].norm(dim=dims, keepdim=True)).numpy()  # type: ignore[no-any-return]


def test_it_speaks(model: KModel, models_dir: Path) -> None:
    voice = np.fromfile(models_dir / "kokoro" / "voices" / "af_heart.bin", dtype=np.float32).reshape(510, 1, 256)
    phonemes = "həlˈO wˈɜɹld."  # noqa: RUF001 - stress marks
    audio = model(phonemes, torch.from_numpy(voice[len(phonemes)]))
    assert 0.8 < len(audio) / 24_000 < 3
    assert 0.01 < float(audio.pow(2).mean().sqrt()) < 0.5


def test_the_same_weights_give_the_same_file(rebuilt: Rebuilt, tmp_path: Path) -> None:
    state = rebuild(rebuilt.export, CONFIG)
    write(state, tmp_path / "under another name.part")
    assert (tmp_path / "under another name.part").read_bytes() == rebuilt.checkpoint.read_bytes()
    assert not state["bert"]["pooler.weight"].any()


def test_a_config_of_another_model_is_refused(rebuilt: Rebuilt) -> None:
    with pytest.raises(RebuildError, match=r"has the shape \(178, 128\), not \(179, 128\)"):
        rebuild(rebuilt.export, CONFIG | {"n_token": 179})
