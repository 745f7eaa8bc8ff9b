"""Files of the converter that are not what they must be."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from models.errors import ModelUnreadable
from models.openvoice.checkpoint import read_converter
from tests.models.openvoice.checkpoints import tiny


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tiny(tmp_path)


def rewritten(folder: Path, **tensors: Any) -> Path:
    """The checkpoint with tensors put in, or taken out (None)."""
    path = folder / "checkpoint.pth"
    checkpoint = torch.load(path, weights_only=True)
    merged = checkpoint["model"] | {name.replace("__", "."): tensor for name, tensor in tensors.items()}
    checkpoint["model"] = {name: tensor for name, tensor in merged.items() if tensor is not None}
    torch.save(checkpoint, path)
    return folder


def refused(folder: Path, message: str) -> None:
    with pytest.raises(ModelUnreadable, match=message) as error:
        read_converter(folder)
    assert "voxhall models pull openvoice" in str(error.value)


def test_what_it_needs_no_gradient_for(folder: Path) -> None:
    assert not any(one.requires_grad for one in read_converter(folder).parameters())


def test_the_text_side_is_left_aside(folder: Path) -> None:
    unused = {f"{part}__weight": torch.ones(1) for part in ("enc_p__emb", "sdp__pre", "dp__conv_1", "emb_g")}
    read_converter(rewritten(folder, **unused))


def test_a_tensor_too_many(folder: Path) -> None:
    refused(rewritten(folder, net_d__weight=torch.ones(1)), "Unexpected key.*net_d.weight")


@pytest.mark.parametrize("name", ["enc_q__proj__weight", "flow__flows__2__enc__cond_layer__weight_g"])
def test_a_tensor_too_few(folder: Path, name: str) -> None:
    refused(rewritten(folder, **{name: None}), name.replace("__", "."))


def test_a_tensor_of_another_shape(folder: Path) -> None:
    refused(rewritten(folder, ref_enc__proj__bias=torch.ones(3)), "size mismatch for ref_enc.proj.bias")


@pytest.mark.parametrize("name", ["config.json", "checkpoint.pth"])
@pytest.mark.parametrize("content", [None, b"", b"{}", b"version https://git-lfs.github.com/spec/v1\n"])
def test_no_converter(folder: Path, name: str, content: bytes | None) -> None:
    (folder / name).unlink()
    if content is not None:
        (folder / name).write_bytes(content)
    refused(folder, "missing or broken")


@pytest.mark.parametrize(("part", "key", "value"), [("data", "sampling_rate", 16_000), ("model", "resblock", "2")])
def test_another_network(folder: Path, part: str, key: str, value: Any) -> None:
    config = json.loads((folder / "config.json").read_text())
    config[part][key] = value
    (folder / "config.json").write_text(json.dumps(config))
    refused(folder, "not (those|that) of OpenVoice")


def test_a_pickle_with_code_is_not_run(folder: Path) -> None:
    trace = folder / "trace"

    class Code:
        def __reduce__(self) -> Any:
            return Path.touch, (trace,)

    torch.save({"model": Code()}, folder / "checkpoint.pth")
    refused(folder, "missing or broken")
    assert not trace.exists()
