"""What the package is told of a model: its own description of that language, with the files of a folder."""

from pathlib import Path
from typing import Any

import yaml

from models.errors import ModelUnreadable
from models.pocket_tts.package import CONFIGS, Config

WEIGHTS = "model.safetensors"
TOKENIZER = "tokenizer.json"
DESCRIPTION = "config.yaml"
"""In the folder of a model that the package does not know: of the same form as its own."""

DESCRIPTIONS = {
    "pocket-tts": "english",
    "pocket-tts-french": "french",
    "pocket-tts-german": "german",
    "pocket-tts-spanish": "spanish",
    "pocket-tts-italian": "italian",
    "pocket-tts-portuguese": "portuguese",
    "pocket-tts-dutch": "dutch",
}
"""The package's own, by model."""


def configuration(folder: Path) -> Any:
    """The package's `Config` for the model in `folder`, whose name is the model's id. It names files of `folder` only.

    Raises `ModelUnreadable`.
    """
    path = folder / DESCRIPTION
    if not path.is_file():
        if folder.name not in DESCRIPTIONS:
            raise ModelUnreadable(f"{folder.name} is no Pocket TTS that is known, and has no {DESCRIPTION}")
        path = CONFIGS / f"{DESCRIPTIONS[folder.name]}.yaml"
    try:
        described = yaml.safe_load(path.read_text(encoding="utf-8"))
        return Config(**_local(described, folder))
    except (OSError, yaml.YAMLError, LookupError, TypeError, ValueError) as error:
        raise ModelUnreadable(f"{path.name} is missing or broken: {pull(folder)}") from error


def pull(folder: Path) -> str:
    return f"run `voxhall models pull {folder.name}`"


def _local(described: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Every path that the package follows is one of `folder`: it would fetch others."""
    language, sound = described["flow_lm"], described["mimi"]
    table = {**language["lookup_table"], "tokenizer": "tokenizers", "tokenizer_path": str(folder / TOKENIZER)}
    return {
        **described,
        "weights_path": str(folder / WEIGHTS),
        "weights_path_without_voice_cloning": None,
        "flow_lm": {**language, "lookup_table": table, "weights_path": None},
        "mimi": {**sound, "weights_path": None},
    }
