"""The installed model, or a miniature with random weights. Tests that damage files make a miniature of their own."""

import os
from pathlib import Path

import pytest

from models.pocket_tts.engine import PocketTts
from tests.models.pocket_tts.checkpoints import tiny


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`POCKET_TEST_FOLDER`, else the one among the installed models, else a miniature."""
    models = Path(os.environ.get("VOXHALL_MODELS_DIR", "models/weights"))
    installed = Path(os.environ.get("POCKET_TEST_FOLDER", models / "pocket-tts"))
    if (installed / "model.safetensors").is_file():
        return installed
    return tiny(tmp_path_factory.mktemp("models") / "pocket-tts")


@pytest.fixture(scope="session")
def pocket(folder: Path) -> PocketTts:
    engine = PocketTts(folder)
    engine.load("cpu")
    return engine
