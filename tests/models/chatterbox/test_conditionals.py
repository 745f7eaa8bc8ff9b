"""Embeddings that are stored: of another flavour, cut off, or with numbers that would end a card's process."""

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest

from models.chatterbox.engine import Chatterbox
from models.cloning.embedding import Embedding, EmbeddingBroken
from tests.models.chatterbox.conftest import Loaded
from tests.models.chatterbox.sounds import clip

Arrays = dict[str, Any]


def without_a_tensor(arrays: Arrays) -> None:
    del arrays["gen.embedding"]


def with_one_more(arrays: Arrays) -> None:
    arrays["t3.clap_emb"] = np.zeros((1, 1), np.float32)


def of_another_width(arrays: Arrays) -> None:
    arrays["gen.embedding"] = arrays["gen.embedding"][:, :100]


def of_another_rank(arrays: Arrays) -> None:
    arrays["t3.speaker_emb"] = arrays["t3.speaker_emb"][0]


def not_a_number(arrays: Arrays) -> None:
    arrays["t3.speaker_emb"][0, 3] = np.nan


def beyond_the_table(arrays: Arrays) -> None:
    arrays["gen.prompt_token"][0, 3] = 6561


def below_the_table(arrays: Arrays) -> None:
    arrays["t3.cond_prompt_speech_tokens"][0, 3] = -1


def tokens_that_are_fractions(arrays: Arrays) -> None:
    arrays["gen.prompt_token"] = arrays["gen.prompt_token"].astype(np.float32)


def another_length(arrays: Arrays) -> None:
    arrays["gen.prompt_token_len"][0] += 1


def cut_off(arrays: Arrays) -> None:
    arrays["gen.prompt_feat"] = np.ascontiguousarray(arrays["gen.prompt_feat"][:, :10])


@cache
def embedded(engine: Chatterbox) -> Embedding:
    return engine.embed(clip(120))


@pytest.mark.parametrize(
    "change",
    [
        without_a_tensor,
        with_one_more,
        of_another_width,
        of_another_rank,
        not_a_number,
        beyond_the_table,
        below_the_table,
        tokens_that_are_fractions,
        another_length,
        cut_off,
    ],
)
def test_a_broken_embedding_is_told(loaded: Loaded, change: Callable[[Arrays], None]) -> None:
    engine = loaded("english")
    embedding = embedded(engine)
    arrays = {name: array.copy() for name, array in embedding.tensors.items()}
    change(arrays)
    with pytest.raises(EmbeddingBroken):
        engine.voice(Embedding(arrays, embedding.notes))


def test_each_flavour_has_its_own(loaded: Loaded) -> None:
    embedding = loaded("turbo").embed(clip(120))
    for flavour in ("multilingual", "english", "nano"):
        with pytest.raises(EmbeddingBroken, match=f"not of Chatterbox {flavour}"):
            loaded(flavour).voice(embedding)
    with pytest.raises(EmbeddingBroken):
        loaded("turbo").voice(Embedding(embedding.tensors))
