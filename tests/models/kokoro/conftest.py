"""One G2P process for all tests of this room."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from models.kokoro.g2p import Phonemizer


@pytest.fixture(scope="package")
def phonemizer(models_dir: Path) -> Iterator[Phonemizer]:
    phonemizer = Phonemizer(models_dir / "spacy-en")
    yield phonemizer
    phonemizer.close()
