"""A miniature with random weights."""

from pathlib import Path

import pytest

from models.pocket_tts.engine import PocketTts
from tests.models.pocket_tts.checkpoints import tiny


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny(tmp_path_factory.mktemp("models") / "pocket-tts")


@pytest.fixture(scope="session")
def pocket(folder: Path) -> PocketTts:
    engine = PocketTts(folder)
    engine.load("cpu")
    return engine
