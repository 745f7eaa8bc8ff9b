"""What Kokoro speaks with a mix, and with the voices of the table."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from audio.resample import resample
from bench.stock_voices import spoken
from models.catalog import load_catalog
from models.cloning.engine import Reference
from models.ge2e.engine import Ge2e
from models.kokoro.engine import Kokoro
from models.kokoro.g2p import Phonemizer
from models.kokoro_match.engine import KokoroMatch
from models.kokoro_match.stock import TABLE, Stock
from tests.models.rvc.pitch.sounds import speech


@pytest.fixture(scope="module")
def kokoro(models_dir: Path) -> Kokoro:
    engine = Kokoro(models_dir / "kokoro")
    engine.load("cpu")
    return engine


@pytest.fixture(scope="module")
def phonemizer(models_dir: Path) -> Iterator[Phonemizer]:
    phonemizer = Phonemizer(models_dir / "spacy-en")
    yield phonemizer
    phonemizer.close()


@pytest.fixture(scope="module")
def ge2e(models_dir: Path) -> Ge2e:
    engine = Ge2e(models_dir / "ge2e")
    engine.load("cpu")
    return engine


def test_the_table_is_what_the_voices_sound_like(kokoro: Kokoro, phonemizer: Phonemizer, ge2e: Ge2e) -> None:
    stock = Stock.read(TABLE.parent)
    nicola = load_catalog().voice("kokoro", "im_nicola")
    heard = ge2e.embed(spoken(kokoro, phonemizer, nicola))
    assert heard @ stock.vectors[stock.ids.tolist().index("im_nicola")] > 0.999


def test_the_mix_sounds_more_like_the_speaker_than_another_voice(
    kokoro: Kokoro, phonemizer: Phonemizer, ge2e: Ge2e, models_dir: Path
) -> None:
    engine = KokoroMatch(TABLE.parent, models_dir / "ge2e")
    engine.load("cpu")
    samples, _ = speech()
    blend = engine.voice(engine.embed(Reference(resample(samples, 16_000, 24_000))))["en"].blend
    tokens = phonemizer.phonemize("The ferry left the harbour at half past six.", "en-us")
    phonemes = "".join(token.spoken for token in tokens)

    def likeness(voice: str) -> float:
        said = kokoro.synthesize(phonemes, voice, 1.0, seed=1).samples
        return float(ge2e.embed(resample(said, 24_000, 16_000)) @ ge2e.embed(samples))

    assert likeness(blend) > likeness("bm_fable") + 0.05
