"""Which weights are installed, told without reading gigabytes."""

import hashlib
from pathlib import Path

from models.manifest import NAME, Manifest
from models.store import Store

EDGE = 1 << 16
"""Bytes at both ends of a file that tell it from another of its length."""


def fingerprint(store: Store, model_id: str) -> str:
    """Of what is installed of the model and all that it requires: other weights make another one."""
    told = {one: _files(store.folder / one) for one in store.catalog.with_required([model_id])}
    return hashlib.sha256(repr(sorted(told.items())).encode()).hexdigest()[:16]


def _files(folder: Path) -> list[tuple[str, str | None, str]]:
    """Each with its recorded hash, and with its edges: a file may have been put there by hand, and keep the record."""
    recorded = Manifest.load(folder).files
    names = {str(path.relative_to(folder)): path for path in folder.rglob("*") if _counts(path)}
    return [
        (name, recorded[name].sha256 if name in recorded else None, _edges(path))
        for name, path in sorted(names.items())
    ]


def _counts(path: Path) -> bool:
    return path.is_file() and path.name != NAME and not path.name.startswith(".")


def _edges(path: Path) -> str:
    size = path.stat().st_size
    with path.open("rb") as file:
        first = file.read(EDGE)
        file.seek(max(0, size - EDGE))
        return hashlib.sha256(first + file.read(EDGE) + str(size).encode()).hexdigest()
