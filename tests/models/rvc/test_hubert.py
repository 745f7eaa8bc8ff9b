"""HuBERT: the three kinds of files, and the features against transformers' own forward pass."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from audio.pcm import Samples
from models.errors import ModelUnreadable
from models.rvc.architecture import Version
from models.rvc.hubert import Hubert
from tests.models.rvc.huberts import hubert, save_fairseq, save_transformers


def noise(samples: int, seed: int = 0) -> Samples:
    return np.random.default_rng(seed).normal(0, 0.1, samples).astype(np.float32)


def by_transformers(net: Any, sound: Samples, version: Version) -> torch.Tensor:
    with torch.inference_mode():
        hidden = net(torch.from_numpy(sound)[None], output_hidden_states=True).hidden_states
        features: torch.Tensor = net.final_proj(hidden[9]) if version == "v1" else hidden[-1]
        return features


@pytest.fixture(scope="module")
def net() -> Any:
    return hubert(width=64)


@pytest.fixture(scope="module")
def folder(net: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_transformers(net, tmp_path_factory.mktemp("hubert"))


@pytest.fixture(scope="module")
def loaded(folder: Path) -> Hubert:
    one = Hubert(folder)
    one.load("cpu")
    return one


@pytest.mark.parametrize("version", ["v1", "v2"])
@pytest.mark.parametrize("samples", [400, 16_000, 16_241])
def test_features_are_those_of_transformers(net: Any, loaded: Hubert, samples: int, version: Version) -> None:
    sound = noise(samples)
    features = loaded.features(sound, version)
    assert features.shape == (1, (samples - 400) // 320 + 1, 256 if version == "v1" else 64)
    assert features.dtype == torch.float32
    torch.testing.assert_close(features, by_transformers(net, sound, version), atol=2e-5, rtol=0)


def test_pickled_weights_with_older_names(net: Any, loaded: Hubert, tmp_path: Path) -> None:
    pickled = Hubert(save_transformers(net, tmp_path, pickled=True))
    pickled.load("cpu")
    sound = noise(8_000)
    assert torch.equal(pickled.features(sound, "v1"), loaded.features(sound, "v1"))


def test_fairseqs_checkpoint(tmp_path: Path) -> None:
    """At full size, since such a file has no config, and without fairseq."""
    whole = hubert(**FULL, num_hidden_layers=12)
    one = Hubert(save_fairseq(whole, tmp_path))
    one.load("cpu")
    sound = noise(4_000)
    rounded = whole.half().float()  # as the file has it
    for version, width in (("v1", 256), ("v2", 768)):
        features = one.features(sound, version)  # type: ignore[arg-type]
        assert features.shape == (1, 12, width)
        torch.testing.assert_close(features, by_transformers(rounded, sound, version), atol=5e-5, rtol=0)  # type: ignore[arg-type]


FULL: dict[str, Any] = {
    "num_attention_heads": 12,
    "intermediate_size": 3072,
    "conv_dim": [512] * 7,
    "num_conv_pos_embeddings": 128,
    "num_conv_pos_embedding_groups": 16,
}


def test_without_a_projection_there_is_no_v1(tmp_path: Path) -> None:
    net = hubert(width=64)
    del net.final_proj
    one = Hubert(save_transformers(net, tmp_path))
    one.load("cpu")
    assert one.versions == ("v2",)
    one.features(noise(400), "v2")
    with pytest.raises(ModelUnreadable, match=r"lacks the final_proj.*voxhall models pull contentvec"):
        one.features(noise(400), "v1")


def test_v1_computes_no_layer_after_the_ninth(loaded: Hubert) -> None:
    stages: dict[Version, list[int]] = {"v1": [], "v2": []}
    for version, calls in stages.items():
        loaded.features(noise(400), version, lambda calls=calls: calls.append(1))  # type: ignore[misc]
    assert len(stages["v1"]) == 7 + 9
    assert len(stages["v2"]) == 7 + 10


def test_others_may_be_served_between_two_layers(loaded: Hubert) -> None:
    sound, other = noise(8_000), noise(4_000, 1)
    alone = loaded.features(other, "v2")
    meanwhile: list[torch.Tensor] = []
    served = loaded.features(sound, "v2", lambda: meanwhile.append(loaded.features(other, "v2")))
    assert torch.equal(served, loaded.features(sound, "v2"))
    assert all(torch.equal(one, alone) for one in meanwhile)


def test_what_between_raises_ends_it(loaded: Hubert) -> None:
    def stop() -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        loaded.features(noise(400), "v2", stop)


def test_half_precision_is_near(folder: Path, loaded: Hubert, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("models.rvc.hubert.half", lambda _device: True)
    shorter = Hubert(folder)
    shorter.load("cpu")
    sound = noise(8_000)
    features, exact = shorter.features(sound, "v2"), loaded.features(sound, "v2")
    assert features.dtype == torch.float32
    assert 1e-5 < (features - exact).abs().max() < 2e-2


def test_a_part_of_a_mapped_file(loaded: Hubert) -> None:
    sound = noise(400)
    sound.flags.writeable = False
    assert loaded.features(sound, "v2").isfinite().all()


def test_it_goes_and_comes_back(folder: Path) -> None:
    one = Hubert(folder)
    one.load("cpu")
    first = one.features(noise(400), "v2")
    one.unload()
    with pytest.raises(RuntimeError, match="not loaded"):
        one.features(noise(400), "v2")
    one.load("cpu")
    assert torch.equal(one.features(noise(400), "v2"), first)


def refused(folder: Path, message: str) -> None:
    with pytest.raises(ModelUnreadable, match=message) as error:
        Hubert(folder).load("cpu")
    assert "voxhall models pull contentvec" in str(error.value)


def test_nothing_there(tmp_path: Path) -> None:
    refused(tmp_path, "has no hubert_base.pt, model.safetensors, pytorch_model.bin")


@pytest.mark.parametrize("name", ["hubert_base.pt", "model.safetensors", "pytorch_model.bin"])
@pytest.mark.parametrize("content", [b"", b"\0" * 64, b"version https://git-lfs.github.com/spec/v1\n"])
def test_no_weights(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    (tmp_path / "config.json").write_text("{}")
    refused(tmp_path, f"{name} is broken")


def test_a_pickle_with_code_is_not_run(tmp_path: Path) -> None:
    trace = tmp_path / "trace"

    class Code:
        def __reduce__(self) -> Any:
            return Path.touch, (trace,)

    torch.save({"model": Code()}, tmp_path / "hubert_base.pt")
    refused(tmp_path, "is broken")
    assert not trace.exists()


def test_a_tensor_too_few(tmp_path: Path) -> None:
    net = hubert(width=64)
    net.encoder.layers[3].final_layer_norm = torch.nn.Identity()
    refused(
        save_transformers(net, tmp_path), r"model.safetensors is not the ContentVec of RVC \(.*Missing key.*layers.3"
    )


def test_a_tensor_too_many(tmp_path: Path) -> None:
    net = hubert(width=64)
    net.lm_head = torch.nn.Linear(2, 2)
    refused(save_transformers(net, tmp_path), "Unexpected key.*lm_head")


def test_another_hubert(tmp_path: Path) -> None:
    refused(save_transformers(hubert(width=64, do_stable_layer_norm=True), tmp_path), "not the ContentVec")


def test_what_overflows_in_half_precision_goes_on_in_float32(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    net = hubert(width=64)
    net.encoder.layers[0].feed_forward.intermediate_dense.weight.data.mul_(5e5)
    monkeypatch.setattr("models.rvc.hubert.half", lambda _device: True)
    one = Hubert(save_transformers(net, tmp_path))
    one.load("cpu")
    assert one.features(noise(4_000), "v2").isfinite().all()
    calls: list[int] = []
    assert one.features(noise(4_000), "v2", lambda: calls.append(1)).isfinite().all()
    assert len(calls) == 17  # once through it, no longer twice
