"""Files that are missing or broken, or of another kind: the message names the one command that mends it."""

from pathlib import Path

import pytest
import torch

from models.errors import ModelUnreadable
from models.qwen3_tts.engine import Qwen3Base, Qwen3CustomVoice
from tests.models.qwen3_tts.checkpoints import tiny_base

PULL = "voxhall models pull qwen3-tts-base"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tiny_base(tmp_path / "qwen3-tts-base")


@pytest.mark.parametrize(
    "name", ["config.json", "model.safetensors", "vocab.json", "speech_tokenizer/model.safetensors"]
)
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(ModelUnreadable, match=rf"has no {name}: run `{PULL}`"):
        Qwen3Base(folder).load("cpu")


def test_a_folder_that_is_not_there_is_never_looked_for_elsewhere(tmp_path: Path) -> None:
    with pytest.raises(ModelUnreadable, match=PULL):
        Qwen3Base(tmp_path / "qwen3-tts-base").load("cpu")


@pytest.mark.parametrize(
    "name", ["config.json", "generation_config.json", "model.safetensors", "speech_tokenizer/model.safetensors"]
)
def test_a_file_that_is_cut_short(folder: Path, name: str) -> None:
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(content[: len(content) // 2])
    with pytest.raises(ModelUnreadable, match=PULL):
        Qwen3Base(folder).load("cpu")


def test_a_checkpoint_of_another_kind(folder: Path) -> None:
    with pytest.raises(ModelUnreadable, match=f"of the kind base, not custom_voice: run `{PULL}`"):
        Qwen3CustomVoice(folder).load("cpu")


def test_what_no_file_holds_is_made_anew(folder: Path) -> None:
    engine = Qwen3Base(folder)
    engine.load("cpu")
    model = engine.runtime.model.model
    nets = (model, model.speech_tokenizer.model)
    found = [tensor for net in nets for name, tensor in net.named_buffers() if name.endswith("rotary_emb.inv_freq")]
    assert len(found) == 4
    for frequencies in found:
        ratios = frequencies[1:] / frequencies[:-1]
        assert frequencies[0] == 1
        assert torch.allclose(ratios, ratios[0].expand_as(ratios))


def test_a_codec_of_25_hz(folder: Path) -> None:
    config = folder / "speech_tokenizer" / "config.json"
    config.write_text(config.read_text().replace("tokenizer_12hz", "tokenizer_25hz"))
    with pytest.raises(ModelUnreadable, match=r"only those of 12 Hz"):
        Qwen3Base(folder).load("cpu")
