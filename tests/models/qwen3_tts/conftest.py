"""The three engines, loaded: of the installed weights where there is a card to run them, else of miniatures.

The real ones run on a CPU, too, if `QWEN_TEST_FOLDER` names the folder that has them, by the models' ids.
"""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from models.cloning.engine import Reference
from models.qwen3_tts.engine import Qwen3Base, Qwen3CustomVoice, Qwen3VoiceDesign
from tests.models.qwen3_tts import checkpoints
from tests.models.qwen3_tts.speech import clip

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"


def _folder(model_id: str, tiny: Callable[[Path], Path], into: Path) -> Path:
    if wanted := os.environ.get("QWEN_TEST_FOLDER"):
        return Path(wanted) / model_id
    installed = Path(os.environ.get("VOXHALL_MODELS_DIR", "models/weights")) / model_id
    return installed if DEVICE == "cuda" and installed.is_dir() else tiny(into / model_id)


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Qwen3Base:
    folder = _folder("qwen3-tts-base", checkpoints.tiny_base, tmp_path_factory.mktemp("qwen"))
    engine = Qwen3Base(folder)
    engine.load(DEVICE)
    return engine


@pytest.fixture(scope="session")
def designer(tmp_path_factory: pytest.TempPathFactory) -> Qwen3VoiceDesign:
    folder = _folder("qwen3-tts-design", checkpoints.tiny_voice_design, tmp_path_factory.mktemp("qwen"))
    engine = Qwen3VoiceDesign(folder)
    engine.load(DEVICE)
    return engine


@pytest.fixture(scope="session")
def performer(tmp_path_factory: pytest.TempPathFactory) -> Qwen3CustomVoice:
    folder = _folder("qwen3-tts-voices", checkpoints.tiny_custom_voice, tmp_path_factory.mktemp("qwen"))
    engine = Qwen3CustomVoice(folder)
    engine.load(DEVICE)
    return engine


@pytest.fixture(scope="session")
def high() -> Reference:
    return clip(220.0, text="This is what is said.")


@pytest.fixture(scope="session")
def low() -> Reference:
    return clip(110.0)
