from collections.abc import Iterator
from pathlib import Path

import pytest

from models.kokoro.g2p import Phonemizer
from tests.models.reading.english.cases import CASES


@pytest.fixture(scope="module")
def phonemizer(models_dir: Path) -> Iterator[Phonemizer]:
    phonemizer = Phonemizer(models_dir / "spacy-en")
    yield phonemizer
    phonemizer.close()


@pytest.mark.parametrize("language", ["en-us", "en-gb"])
def test_every_word_of_the_cases_is_spoken(phonemizer: Phonemizer, language: str) -> None:
    texts = [". ".join(case[0] for case in cases) for cases in CASES.values()]
    tokens = [token for text in texts for token in phonemizer.phonemize(text, language)]
    unspoken = [t.text for t in tokens if any(map(str.isalnum, t.text)) and not any(map(str.isalpha, t.phonemes))]
    assert unspoken == []
