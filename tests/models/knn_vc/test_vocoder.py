"""The vocoder's file."""

from pathlib import Path
from typing import Any

import pytest
import torch

from models.errors import ModelUnreadable
from models.knn_vc.vocoder import FILE, read_vocoder
from tests.models.knn_vc.checkpoints import WIDTH, vocoder_weights


def saved(folder: Path, generator: Any) -> Path:
    torch.save({"generator": generator}, folder / FILE)
    return folder


def test_320_samples_of_each_frame(tmp_path: Path) -> None:
    with torch.inference_mode():
        sound = read_vocoder(saved(tmp_path, vocoder_weights())).spoken(torch.randn(7, WIDTH), lambda: None)
    assert sound.shape == (7 * 320,)
    assert 0.01 < sound.abs().max() <= 1


def refused(folder: Path, message: str) -> None:
    with pytest.raises(ModelUnreadable, match=message) as error:
        read_vocoder(folder)
    assert "voxhall models pull knn-vc" in str(error.value)


@pytest.mark.parametrize("content", [None, b"", b"\0" * 64, b"version https://git-lfs.github.com/spec/v1\n"])
def test_no_vocoder(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / FILE).write_bytes(content)
    refused(tmp_path, "missing or broken")


@pytest.mark.parametrize("name", ["lin_pre.weight", "conv_post.weight_g", "resblocks.11.convs2.2.bias"])
def test_a_tensor_too_few(tmp_path: Path, name: str) -> None:
    weights = vocoder_weights()
    del weights[name]
    refused(saved(tmp_path, weights), name.replace(".", r"\."))


def test_the_training_checkpoint_is_another_file(tmp_path: Path) -> None:
    torch.save({"mpd": {}, "msd": {}, "optim_g": {}}, tmp_path / FILE)
    refused(tmp_path, "generator")
