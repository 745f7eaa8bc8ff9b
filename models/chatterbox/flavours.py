"""The four checkpoints of Chatterbox: what each is made of, and what it can do."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.chatterbox.package import LANGUAGES, english, multilingual, turbo
from models.errors import ModelUnreadable

_ENGLISH = ("en",)
_GPT2 = ("vocab.json", "merges.txt", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json")


@dataclass(frozen=True, slots=True)
class Flavour:
    """`files` of the folder, the first of which tells it from the others."""

    name: str
    files: tuple[str, ...]
    read: Callable[[Path], Any]
    languages: tuple[str, ...]
    options: tuple[str, ...]
    """Of `generate`, those that can be wished for."""
    longer_than: float = 0.0
    """Seconds: of a reference."""
    changes: bool = False
    """Whether its publisher offers its S3Gen as a voice changer."""


MULTILINGUAL = Flavour(
    "multilingual",
    ("t3_mtl23ls_v3.safetensors", "ve.pt", "s3gen.pt", "grapheme_mtl_merged_expanded_v1.json", "Cangjie5_TC.json"),
    lambda folder: multilingual.from_local(folder, "cpu", t3_model="v3"),
    # Japanese has characters that it drops where a package under the GPL is not installed.
    tuple(sorted(LANGUAGES - {"ja"})),
    ("exaggeration", "cfg_weight", "temperature"),
    changes=True,
)
ENGLISH = Flavour(
    "english",
    ("t3_cfg.safetensors", "ve.safetensors", "s3gen.safetensors", "tokenizer.json"),
    lambda folder: english.from_local(folder, "cpu"),
    _ENGLISH,
    ("exaggeration", "cfg_weight", "temperature"),
    changes=True,
)
TURBO = Flavour(
    "turbo",
    ("t3_turbo_v1.safetensors", "ve.safetensors", "s3gen_meanflow.safetensors", *_GPT2),
    lambda folder: turbo.from_local(folder, "cpu"),
    _ENGLISH,
    ("temperature",),
    longer_than=5.0,
)
NANO = Flavour(
    "nano",
    ("t3_nano_v1.safetensors", "ve.safetensors", "s3gen_meanflow.safetensors", *_GPT2),
    lambda folder: turbo.from_local(folder, "cpu", nano=True),
    _ENGLISH,
    ("temperature",),
    longer_than=5.0,
)
FLAVOURS = (MULTILINGUAL, ENGLISH, TURBO, NANO)


def flavour_of(folder: Path) -> Flavour:
    """Which of them lies in `folder`, whole. Raises `ModelUnreadable`."""
    for flavour in FLAVOURS:
        if (folder / flavour.files[0]).is_file():
            missing = [name for name in flavour.files if not (folder / name).is_file()]
            if missing:
                raise ModelUnreadable(f"{folder.name} has no {missing[0]}: {remedy(folder)}")
            return flavour
    names = ", ".join(flavour.files[0] for flavour in FLAVOURS)
    raise ModelUnreadable(f"{folder.name} has none of {names}: {remedy(folder)}")


def remedy(folder: Path) -> str:
    return f"run `voxhall models pull {folder.name}`"
