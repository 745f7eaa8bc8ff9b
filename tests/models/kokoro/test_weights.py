from pathlib import Path

import numpy as np
import pytest
import torch

from models.errors import ModelUnreadable
from models.kokoro.weights import CHECKPOINT, VOICE_SHAPE, UnknownVoice, read_model, read_voice


def test_every_voice_of_the_folder_reads(models_dir: Path) -> None:
    voices = [path.stem for path in (models_dir / "kokoro" / "voices").glob("*.bin")]
    assert voices
    for voice in voices:
        assert read_voice(models_dir / "kokoro", voice).shape == VOICE_SHAPE


@pytest.mark.parametrize(
    "voice", ["", "af_nobody", "../af_heart", "AF_HEART", "af_heart.bin", "af_heart\n", "/etc/passwd"]
)
def test_a_voice_is_a_known_name_and_never_a_path(models_dir: Path, voice: str) -> None:
    with pytest.raises(UnknownVoice):
        read_voice(models_dir / "kokoro", voice)


@pytest.mark.parametrize("voice", ["../outside", "..", "sub/inside", "outside", "{folder}/outside"])
def test_a_file_beside_the_voices_is_none(tmp_path: Path, voice: str) -> None:
    """Each of these names leads to a file that reads as a voice."""
    (tmp_path / "voices" / "sub").mkdir(parents=True)
    for name in ("outside.bin", "voices/...bin", "voices/sub/inside.bin", "voices/outside.bin"):
        np.zeros(VOICE_SHAPE, dtype=np.float32).tofile(tmp_path / name)
    with pytest.raises(UnknownVoice):
        read_voice(tmp_path, voice.format(folder=tmp_path))


def test_a_broken_voice_is_named(tmp_path: Path) -> None:
    (tmp_path / "voices").mkdir()
    np.zeros(7, dtype=np.float32).tofile(tmp_path / "voices" / "af_heart.bin")
    with pytest.raises(ModelUnreadable, match=r"af_heart\.bin .*voxhall models pull kokoro"):
        read_voice(tmp_path, "af_heart")


@pytest.mark.parametrize("content", [None, b"", b"Not found", b"PK\x03\x04 cut off"])
def test_a_broken_checkpoint_is_named(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / CHECKPOINT).write_bytes(content)
    with pytest.raises(ModelUnreadable, match=r"kokoro-v1_0\.pth .*voxhall models pull kokoro"):
        read_model(tmp_path)


def test_a_checkpoint_that_lacks_weights_is_refused(models_dir: Path, tmp_path: Path) -> None:
    """KModel itself goes on with random ones."""
    checkpoint = torch.load(models_dir / "kokoro" / CHECKPOINT, weights_only=True)
    del checkpoint["text_encoder"][next(iter(checkpoint["text_encoder"]))]
    torch.save(checkpoint, tmp_path / CHECKPOINT)
    with pytest.raises(ModelUnreadable):
        read_model(tmp_path)
