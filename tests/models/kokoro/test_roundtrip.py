"""Kokoro speaks nine languages, and Whisper base hears what was written, no worse than with the package's own G2P.

Errors are counted after numbers are written out on both sides. Japanese is compared by its kana, since Whisper chooses
its kanji freely; Chinese in simplified characters. Whisper base is weak in Hindi: its errors are counted in characters,
and its bound is wide.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import fugashi
import jiwer
import numpy as np
import pytest
from faster_whisper import WhisperModel
from numpy.typing import NDArray
from proces import traditional_to_simplified

from audio.resample import resample
from models.kokoro.engine import Kokoro
from models.kokoro.g2p import Phonemizer
from models.kokoro.segments import segments
from models.reading.reader import read
from tests.models.kokoro.package import package_phonemes

TOLERANCE = 0.05
"""By which the errors of two renders of the same words may differ: a word of a dozen is 0.08."""

SEED = 5

ARABIC = {*"ØÙÚÛ"}
"""The first bytes of Arabic letters in UTF-8, as a byte-level vocabulary writes them."""


@dataclass(frozen=True)
class Trial:
    voice: str
    sentences: tuple[str, str]
    bound: float
    errors: Callable[[str, str], float] = jiwer.wer


TRIALS = {
    "en-us": Trial(
        "af_heart",
        ("The train to Boston leaves in 25 minutes.", "She bought 12 red apples at the market."),
        0.1,
    ),
    "en-gb": Trial(
        "bf_emma", ("The museum opens late, and tickets cost £15.", "My grandmother has lived here for 62 years."), 0.1
    ),
    "es": Trial(
        "ef_dora",
        (
            "El tren para Madrid sale todos los días a las 9 de la mañana.",
            "Mi hermana compró 12 naranjas en el mercado.",
        ),
        0.1,
    ),
    "fr-fr": Trial(
        "ff_siwis",
        ("Le musée ouvre à 9 heures tous les jours sauf le lundi.", "Mon frère a mangé 12 pommes au marché."),
        0.15,
    ),
    "hi": Trial("hf_alpha", ("मेरे भाई के पास 25 किताबें हैं।", "हम कल सुबह 8 बजे दिल्ली जाएँगे।"), 0.4, jiwer.cer),
    "it": Trial(
        "if_sara",
        ("Il treno per Milano parte ogni mattina alle 8.", "Mia sorella ha comprato 12 mele al mercato."),
        0.2,
    ),
    "ja": Trial("jf_alpha", ("明日の朝8時に駅で会いましょう。", "この本は1200円です。"), 0.15, jiwer.cer),
    "pt-br": Trial(
        "pf_dora",
        ("O museu abre todos os dias às 9 horas da manhã.", "Minha irmã comprou 12 laranjas no mercado."),
        0.1,
    ),
    "zh": Trial("zf_xiaoxiao", ("我们明天早上8点在火车站见面。", "妹妹在市场买了12个苹果。"), 0.15, jiwer.cer),
}


@pytest.fixture(scope="module")
def kokoro(models_dir: Path) -> Kokoro:
    engine = Kokoro(models_dir / "kokoro")
    engine.load("cpu")
    return engine


@pytest.fixture(scope="module")
def whisper(models_dir: Path) -> WhisperModel:
    return WhisperModel(str(models_dir / "whisper-base"), device="cpu", compute_type="int8", cpu_threads=2)


@pytest.fixture(scope="module")
def package(models_dir: Path) -> dict[str, list[str]]:
    return package_phonemes({language: trial.sentences for language, trial in TRIALS.items()}, models_dir)


@pytest.mark.parametrize("language", TRIALS)
def test_a_language_is_understood(
    kokoro: Kokoro,
    whisper: WhisperModel,
    phonemizer: Phonemizer,
    package: dict[str, list[str]],
    language: str,
    record_property: Callable[[str, object], None],
) -> None:
    trial = TRIALS[language]
    ours = [
        part.phonemes
        for text in trial.sentences
        for part in segments(text, lambda words: phonemizer.phonemize(words, language))
    ]
    assert len(ours) == len(trial.sentences)
    written = [_normal(text, language) for text in trial.sentences]

    def errors(phonemes: list[str]) -> float:
        audio = _spoken(kokoro, trial.voice, phonemes)
        heard = _normal(_heard(whisper, audio, language), language)
        return float(trial.errors(" ".join(written), heard))

    theirs = package[language]
    mine = errors(ours)
    reference = mine if ours == theirs else errors(theirs)
    record_property("errors", (language, round(mine, 3), round(reference, 3)))
    assert mine <= reference + TOLERANCE
    assert mine <= trial.bound


def _spoken(kokoro: Kokoro, voice: str, phonemes: list[str]) -> NDArray[np.float32]:
    parts = [kokoro.synthesize(part, voice, 1.0, seed=SEED).samples for part in phonemes]
    return resample(np.concatenate(parts), kokoro.sample_rate, 16_000)


def _heard(whisper: WhisperModel, audio: NDArray[np.float32], language: str) -> str:
    # Whisper base writes Hindi in Urdu's letters as often as not: it may not here.
    arabic = [
        token for text, token in whisper.hf_tokenizer.get_vocab().items() if language == "hi" and {*text} & ARABIC
    ]
    found, _ = whisper.transcribe(
        audio, language=language[:2], temperature=0.0, without_timestamps=True, suppress_tokens=[-1, *arabic]
    )
    return "".join(segment.text for segment in found)


def _normal(text: str, language: str) -> str:
    """Words in lower case, without marks, numbers written out."""
    words = read(unicodedata.normalize("NFKC", text), language).text.text.lower()
    if language == "ja":
        return "".join(word.feature.kana or "" for word in fugashi.Tagger()(words) if word.feature.pos1 != "補助記号")
    if language == "zh":
        words = traditional_to_simplified(words)
    letters = "".join(c if unicodedata.category(c)[0] in "LMN" else " " for c in words)
    return re.sub(r"\s+", "" if language == "zh" else " ", letters).strip()
