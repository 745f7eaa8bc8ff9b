"""Mixes of the stock voices in the repository's table."""

import numpy as np
import pytest
from numpy.typing import NDArray

from models.blend import parse_blend
from models.catalog import load_catalog
from models.kokoro_match.blending import MOST_VOICES, matches
from models.kokoro_match.stock import LANGUAGES, TABLE, Stock

STOCK = Stock.read(TABLE.parent)


def mixed(shares: dict[str, float]) -> NDArray[np.float32]:
    vector = sum(share * STOCK.vectors[STOCK.ids.tolist().index(voice)] for voice, share in shares.items())
    return np.asarray(vector / np.linalg.norm(vector), dtype=np.float32)


def strangers(count: int) -> NDArray[np.float32]:
    """Voices somewhere between the stock voices and nobody."""
    rng = np.random.default_rng(0)
    rows = rng.integers(len(STOCK.ids), size=count)
    vectors = STOCK.vectors[rows] + rng.exponential(0.06, (count, 256)).astype(np.float32)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)


def test_the_table_has_the_voices_of_the_catalog() -> None:
    voices = load_catalog().model("kokoro").voices.values()
    assert STOCK.ids.tolist() == [voice.id for voice in voices]
    assert STOCK.languages.tolist() == [LANGUAGES.get(voice.language, voice.language) for voice in voices]
    assert STOCK.genders.tolist() == [voice.gender for voice in voices]
    np.testing.assert_allclose(np.linalg.norm(STOCK.vectors, axis=1), 1.0, rtol=1e-5)


def test_there_is_a_mix_for_each_language_of_the_model() -> None:
    assert set(matches(STOCK, STOCK.vectors[0])) == set(load_catalog().model("kokoro-match").languages)


def test_a_stock_voice_is_itself() -> None:
    for voice, language, vector in zip(STOCK.ids, STOCK.languages, STOCK.vectors, strict=True):
        match = matches(STOCK, vector)[str(language)]
        assert match.blend == voice
        assert match.similarity == pytest.approx(1.0, abs=1e-5)


def test_a_mix_is_found_again() -> None:
    match = matches(STOCK, mixed({"af_bella": 0.7, "bf_emma": 0.3}))["en"]
    parts = {part.voice: part.weight for part in parse_blend(match.blend)}
    assert list(parts) == ["af_bella", "bf_emma"]
    assert parts == pytest.approx({"af_bella": 0.7, "bf_emma": 0.3}, abs=0.02)
    assert match.similarity > 0.999


def test_a_mix_is_of_few_voices_of_one_language_and_gender() -> None:
    about = dict(zip(STOCK.ids.tolist(), zip(STOCK.languages, STOCK.genders, strict=True), strict=True))
    for stranger in strangers(30):
        for language, match in matches(STOCK, stranger).items():
            parts = parse_blend(match.blend)
            assert len(parts) <= MOST_VOICES
            assert {about[part.voice][0] for part in parts} == {language}
            assert len({about[part.voice][1] for part in parts}) == 1
            assert [part.weight for part in parts] == sorted((part.weight for part in parts), reverse=True)


def test_a_mix_is_no_worse_than_the_nearest_voice() -> None:
    for stranger in strangers(30):
        nearest = (STOCK.vectors @ stranger)[STOCK.languages == "en"].max()
        assert matches(STOCK, stranger)["en"].similarity > nearest - 0.005
