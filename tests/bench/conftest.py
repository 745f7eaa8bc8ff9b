"""A house's data folder with a real ledger, and no house: what a bench reads once all is over."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.aftermath import ledger_of
from bench.house import House
from jobs.database import migrate
from jobs.keys import Keys
from jobs.ledger import Ledger


@pytest.fixture(scope="session")
def empty_ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bench")
    migrate(f"sqlite:///{folder / 'ledger.db'}")
    return folder


@pytest.fixture
def house(tmp_path: Path, empty_ledger: Path) -> House:
    shutil.copytree(empty_ledger, tmp_path, dirs_exist_ok=True)
    return House("http://127.0.0.1:1", "", os.getpid(), tmp_path)


@pytest.fixture
def ledger(house: House) -> Iterator[Ledger]:
    database = ledger_of(house)
    yield Ledger(database)
    database.close()


@pytest.fixture
def key_id(ledger: Ledger) -> str:
    key, _ = Keys(ledger.database).create("anna")
    return key.id
