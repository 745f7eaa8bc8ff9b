"""Chatterbox at its real size, with random weights: what the miniature leaves out is size alone.

    CHATTERBOX_FULL_SIZE=1 python -m pytest -m gpu tests/models/chatterbox

It needs 4 GB on the disk and 6 GB of memory, and takes some minutes for each flavour on two cores.
"""

import os
from pathlib import Path
from shutil import rmtree

import numpy as np
import pytest
import torch

from models.catalog import load_catalog
from models.chatterbox.engine import Chatterbox
from models.cloning.embedding import Embedding
from models.cloning.engine import Wish
from tests.models.chatterbox.miniature import write
from tests.models.chatterbox.sounds import clip, hum

SWITCH = "CHATTERBOX_FULL_SIZE"
WEIGHTS = {".safetensors", ".pt"}


@pytest.mark.gpu
@pytest.mark.timeout(1800)
@pytest.mark.skipif(not os.environ.get(SWITCH), reason=f"3 GB of random weights, and minutes: {SWITCH}=1 runs it")
@pytest.mark.parametrize("flavour", ["nano", "turbo", "english", "multilingual"])
def test_a_checkpoint_of_the_real_size(tmp_path: Path, flavour: str) -> None:
    folder = write(tmp_path / f"chatterbox-{flavour}", flavour)
    for file in load_catalog().model(f"chatterbox-{flavour}").files:
        size = (folder / file.path).stat().st_size
        if Path(file.path).suffix in WEIGHTS:
            assert size == pytest.approx(file.size, rel=0.001), file.path
    engine = Chatterbox(folder)
    engine.load("cuda" if torch.cuda.is_available() else "cpu")
    rmtree(folder)
    embedding = engine.embed(clip(120))
    one = engine.voice(Embedding.from_bytes(embedding.to_bytes()))
    other = engine.voice(engine.embed(clip(210)))
    spoken = [np.concatenate(list(engine.speak(voice, "Hello.", Wish(), lambda: None))) for voice in (one, other, one)]
    first, second, third = spoken
    assert first.any()
    np.testing.assert_array_equal(first, third)
    assert first.shape != second.shape or (first != second).any()
    if flavour in {"english", "multilingual"}:
        assert engine.change(one, hum(300, 1.0, 16_000), Wish(), lambda: None).shape == (24_000,)
