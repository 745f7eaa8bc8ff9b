"""Reads the files of a voice and writes them as Voxhall keeps them. Runs in the sandbox (`confinement.sandbox`)."""

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from safetensors.numpy import save_file as save_arrays
from safetensors.torch import save_file

from models.rvc import archive
from models.rvc.checkpoint import Checkpoint, read_checkpoint
from models.rvc.errors import NotAVoice
from models.rvc.importing import INDEX, WEIGHTS
from models.rvc.index_file import Vectors, read_vectors


def take_in(*, model: str, index: str | None, folder: str) -> dict[str, Any]:
    """Writes `WEIGHTS` and, with an index, `INDEX` into `folder`. What it gives, and why it refuses, is JSON."""
    try:
        return _take_in(Path(model), Path(index) if index else None, Path(folder))
    except NotAVoice as refusal:
        return {"refused": str(refusal)}


def _take_in(model: Path, index: Path | None, folder: Path) -> dict[str, Any]:
    if archive.is_archive(model):
        unpacked = archive.unpack(model, folder)
        model, index = unpacked.model, index or unpacked.index
        if archive.is_archive(model):
            raise NotAVoice("The archive holds another archive under the name of a voice: unpack the outer one first.")
    voice = read_checkpoint(model)
    vectors = read_vectors(index, voice.architecture.version) if index else None
    _write(folder, voice, vectors)
    hashes = {"sha256": _sha256(model)} | ({"index_sha256": _sha256(index)} if index else {})
    return {
        "architecture": asdict(voice.architecture),
        "vectors": 0 if vectors is None else len(vectors),
        "told": {"info": voice.info, "epochs": voice.epochs, **hashes},
    }


def _write(folder: Path, voice: Checkpoint, vectors: Vectors | None) -> None:
    save_file(voice.tensors, folder / WEIGHTS, {"architecture": json.dumps(asdict(voice.architecture))})
    if vectors is not None:
        save_arrays({"vectors": vectors}, folder / INDEX)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
