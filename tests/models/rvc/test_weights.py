import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor

from models.errors import ModelUnreadable
from models.rvc.architecture import Architecture
from models.rvc.weights import UPSAMPLING, Misfit, empty_synthesizer, read_synthesizer
from tests.models.rvc.voices import architecture, architectures, name, rewrite, write_safetensors

Change = Callable[[dict[str, Tensor], dict[str, str]], None]


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    return write_safetensors(tmp_path / "voice.safetensors", architecture())


@pytest.mark.parametrize("one", architectures(), ids=name)
def test_an_architecture_is_read_as_it_was_written(one: Architecture, tmp_path: Path) -> None:
    read, net = read_synthesizer(write_safetensors(tmp_path / "voice.safetensors", one))
    assert read == one
    assert not hasattr(net, "enc_q")
    assert {(tensor.dtype, tensor.device.type) for tensor in net.state_dict().values()} == {(torch.float32, "cpu")}
    assert not [key for key in net.state_dict() if key.endswith(("weight_g", "weight_v"))]


@pytest.mark.parametrize("one", architectures(small=False), ids=name)
def test_an_empty_net_takes_no_memory_and_as_many_tensors_as_a_genuine_file_has(one: Architecture) -> None:
    held = empty_synthesizer(one).state_dict()
    assert all(tensor.is_meta for tensor in held.values())
    five_stages = len(one.config[UPSAMPLING]) == 5
    assert (
        len(held)
        == {(True, True): 516, (True, False): 503, (False, True): 457, (False, False): 446}[five_stages, one.f0]
    )


def without(held: dict[str, Tensor], _metadata: dict[str, str]) -> None:
    del held["dec.conv_post.weight"]


def foreign(held: dict[str, Tensor], _metadata: dict[str, str]) -> None:
    held["dec.mrfs.0.weight"] = torch.zeros(1)


def misshapen(held: dict[str, Tensor], _metadata: dict[str, str]) -> None:
    held["emb_g.weight"] = held["emb_g.weight"][:2].clone()


def nameless(_held: dict[str, Tensor], metadata: dict[str, str]) -> None:
    metadata.clear()


def futuristic(_held: dict[str, Tensor], metadata: dict[str, str]) -> None:
    metadata["architecture"] = metadata["architecture"].replace("v2", "v3")


def too_short(_held: dict[str, Tensor], metadata: dict[str, str]) -> None:
    fields = json.loads(metadata["architecture"])
    metadata["architecture"] = json.dumps(fields | {"config": fields["config"][:10]})


def too_slow(_held: dict[str, Tensor], metadata: dict[str, str]) -> None:
    metadata["architecture"] = metadata["architecture"].replace("40000", "44100")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (without, "dec.conv_post.weight is missing"),
        (foreign, "dec.mrfs.0.weight is no tensor of an RVC voice"),
        (misshapen, r"emb_g.weight is \(2, 8\) and not \(3, 8\)"),
        (nameless, "does not say its architecture"),
        (futuristic, "does not say its architecture"),
        (too_short, "configuration is none of RVC's"),
        (too_slow, "makes 400 samples of a frame, and 441 are 10 ms"),
    ],
)
def test_a_file_that_fits_no_voice_is_refused_with_the_reason(weights: Path, change: Change, reason: str) -> None:
    with pytest.raises(ModelUnreadable, match=reason):
        read_synthesizer(rewrite(weights, change))


def test_a_file_that_is_missing_cut_or_no_safetensors_is_refused(weights: Path) -> None:
    whole = weights.read_bytes()
    for broken in (whole[:1000], whole[:-100], b"", b"not at all"):
        weights.write_bytes(broken)
        with pytest.raises(ModelUnreadable, match="add the voice again"):
            read_synthesizer(weights)
    weights.unlink()
    with pytest.raises(ModelUnreadable, match="add the voice again"):
        read_synthesizer(weights)


def test_a_configuration_of_which_no_net_can_be_built_is_a_misfit() -> None:
    one = architecture()
    with pytest.raises(Misfit):
        empty_synthesizer(Architecture(one.version, one.f0, (*one.config[:2], "many", *one.config[3:])))
