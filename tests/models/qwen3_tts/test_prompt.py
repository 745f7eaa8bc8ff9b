"""Stored voices that are none of this model's are found out before they are spoken with."""

import numpy as np
import pytest
from numpy.typing import NDArray

from models.cloning.embedding import Embedding, EmbeddingBroken
from models.cloning.engine import Reference
from models.qwen3_tts.engine import Qwen3Base

Arrays = dict[str, NDArray[np.generic]]


@pytest.fixture(scope="module")
def embedding(base: Qwen3Base, high: Reference) -> Embedding:
    return base.embed(high)


def test_the_stored_voice_itself_is_taken(base: Qwen3Base, embedding: Embedding) -> None:
    assert base.voice(Embedding(embedding.tensors, embedding.notes))


@pytest.mark.parametrize("broken", [{"ref_code": np.full((3, 16), -1)}, {"ref_code": np.zeros((0, 16), np.int64)}])
def test_codes_that_no_codec_makes(base: Qwen3Base, embedding: Embedding, broken: Arrays) -> None:
    with pytest.raises(EmbeddingBroken):
        base.voice(Embedding({**embedding.tensors, **broken}, embedding.notes))


def test_codes_beyond_the_codebook(base: Qwen3Base, embedding: Embedding) -> None:
    codes = embedding.tensors["ref_code"].copy()
    codes[0, 0] = 1 << 20
    with pytest.raises(EmbeddingBroken):
        base.voice(Embedding({**embedding.tensors, "ref_code": codes}, embedding.notes))


def test_the_speaker_of_another_model(base: Qwen3Base, embedding: Embedding) -> None:
    speaker = np.zeros(7, np.float32)
    with pytest.raises(EmbeddingBroken):
        base.voice(Embedding({**embedding.tensors, "ref_spk_embedding": speaker}, embedding.notes))


def test_a_voice_with_a_part_missing(base: Qwen3Base, embedding: Embedding) -> None:
    with pytest.raises(EmbeddingBroken):
        base.voice(Embedding({}, embedding.notes))
    with pytest.raises(EmbeddingBroken):
        base.voice(Embedding(embedding.tensors))
