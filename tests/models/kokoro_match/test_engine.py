"""The nearest stock voices of a speaker's recording, with the real GE2E."""

from pathlib import Path

import numpy as np
import pytest

from audio.resample import resample
from models.blend import parse_blend
from models.cloning.embedding import Embedding, EmbeddingBroken
from models.cloning.engine import Reference
from models.errors import ModelUnreadable
from models.kokoro_match.engine import KokoroMatch
from models.kokoro_match.stock import TABLE, Stock
from tests.models.rvc.pitch.sounds import speech


@pytest.fixture(scope="module")
def match(models_dir: Path) -> KokoroMatch:
    engine = KokoroMatch(TABLE.parent, models_dir / "ge2e")
    engine.load("cpu")
    return engine


@pytest.fixture(scope="module")
def reference() -> Reference:
    samples, _ = speech()
    return Reference(resample(samples, 16_000, 24_000))


def test_a_man_gets_voices_of_men(match: KokoroMatch, reference: Reference) -> None:
    found = match.voice(match.embed(reference))
    men = Stock.read(TABLE.parent).of("en", "male").ids
    assert {part.voice for part in parse_blend(found["en"].blend)} <= set(men.tolist())
    assert 0.5 < found["en"].similarity <= 1.0
    assert found["fr"].blend == "ff_siwis"  # the only French voice there is


def test_an_embedding_is_the_same_after_storage(match: KokoroMatch, reference: Reference) -> None:
    embedding = match.embed(reference)
    stored = Embedding.from_bytes(embedding.to_bytes())
    assert match.voice(stored) == match.voice(embedding)
    np.testing.assert_array_equal(stored.tensors["voice"], embedding.tensors["voice"])


@pytest.mark.parametrize(
    "notes", [{}, {"blend": "{", "similarity": "{}"}, {"blend": '{"en": "a"}', "similarity": "{}"}]
)
def test_an_embedding_without_voices_is_broken(match: KokoroMatch, notes: dict[str, str]) -> None:
    with pytest.raises(EmbeddingBroken):
        match.voice(Embedding({"voice": np.zeros(256, np.float32)}, notes))


@pytest.mark.parametrize("content", [None, b"", b"PK\x03\x04 no table"])
def test_a_broken_table_names_its_cure(models_dir: Path, tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "stock.npz").write_bytes(content)
    with pytest.raises(ModelUnreadable, match="voxhall models pull kokoro-match"):
        KokoroMatch(tmp_path, models_dir / "ge2e").load("cpu")


def test_unloaded(match: KokoroMatch, models_dir: Path, reference: Reference) -> None:
    engine = KokoroMatch(TABLE.parent, models_dir / "ge2e")
    engine.load("cpu")
    engine.unload()
    with pytest.raises(RuntimeError, match="not loaded"):
        engine.embed(reference)
