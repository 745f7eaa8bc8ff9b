"""Chatterbox for the tests: the installed weights of a flavour where they are, else a miniature of it."""

import os
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from functools import cache
from pathlib import Path
from shutil import copytree

import pytest

from models.chatterbox.engine import Chatterbox
from tests.conftest import ROOT
from tests.models.chatterbox.miniature import shrunk, write

Loaded = Callable[[str], Chatterbox]
Miniature = Callable[[str], Path]


def _installed(flavour: str) -> Path | None:
    """`CHATTERBOX_TEST_FOLDER`, or the models' folder, may hold one folder for each of the catalog's models."""
    models = os.environ.get("VOXHALL_MODELS_DIR", ROOT / "models" / "weights")
    folders = [
        Path(parent) / f"chatterbox-{flavour}" for parent in (os.environ.get("CHATTERBOX_TEST_FOLDER", models), models)
    ]
    return next((folder for folder in folders if any(folder.glob("t3_*.safetensors"))), None)


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The miniature of a flavour, one for all tests."""
    folder = tmp_path_factory.mktemp("chatterbox")

    @cache
    def written(flavour: str) -> Path:
        with shrunk():
            return write(folder / f"chatterbox-{flavour}", flavour)

    return written


@pytest.fixture(scope="session")
def loaded(written: Callable[[str], Path]) -> Loaded:
    """The engine of a flavour, loaded on the CPU, one for all tests."""

    @cache
    def loaded(flavour: str) -> Chatterbox:
        installed = _installed(flavour)
        engine = Chatterbox(installed or written(flavour))
        with nullcontext() if installed else shrunk():
            engine.load("cpu")
        return engine

    return loaded


@pytest.fixture
def miniature(written: Callable[[str], Path], tmp_path: Path) -> Iterator[Miniature]:
    """A test's own copy of a flavour's miniature, which can be loaded as long as the test runs."""
    with shrunk():
        yield lambda flavour: copytree(written(flavour), tmp_path / f"chatterbox-{flavour}")
