"""An operator's catalog whose models are what lies in some folders: miniatures of what no package carries."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from models.catalog import Model, load_catalog

SOURCE = '[{ kind = "hub", repo = "nobody/miniature", revision = "main", path = "{path}" }]'


def overlay(path: Path, folders: Mapping[str, Path]) -> Path:
    """`path` as a catalog in which each of these models is the shipped one with the files of its folder."""
    catalog = load_catalog()
    lines = [line for name, folder in folders.items() for line in _model(catalog.model(name), folder)]
    path.write_text("\n".join(lines) + "\n")
    return path


def _model(model: Model, folder: Path) -> Iterator[str]:
    told = model.model_dump(mode="json", exclude={"id", "groups", "voices", "limits"}, exclude_none=True)
    yield from _table(f'models."{model.id}"', told)
    yield from _table(f'models."{model.id}".limits', model.limits.model_dump(mode="json", exclude_none=True))
    for name, voice in model.voices.items():
        yield from _table(f'models."{model.id}".voices."{name}"', voice.model_dump(mode="json", exclude={"id"}))
    yield f'[[models."{model.id}".files]]'
    yield f"sources = {SOURCE}"
    yield f"list = [{', '.join(_files(folder))}]"


def _table(name: str, values: Mapping[str, Any]) -> Iterator[str]:
    yield f"[{name}]"
    yield from (f"{key} = {json.dumps(value)}" for key, value in values.items())


def _files(folder: Path) -> Iterator[str]:
    for file in sorted(folder.rglob("*")):
        if file.is_file() and file.name != "manifest.json":
            where = json.dumps(file.relative_to(folder).as_posix())
            yield f"{{ path = {where}, size = {file.stat().st_size} }}"
