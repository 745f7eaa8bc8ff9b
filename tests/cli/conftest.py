"""Commands that run inside the tests' own process leave it as it was."""

import os
import tempfile
from collections.abc import Iterator

import pytest

from jobs.events import Events
from jobs.files import FileStore
from jobs.ledger import Ledger
from tests.server.conftest import Puppet


@pytest.fixture(autouse=True)
def as_before(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A command sets the folder of temporary files and the rights of new files, for good."""
    monkeypatch.setattr(tempfile, "tempdir", tempfile.tempdir)
    mask = os.umask(0o022)
    os.umask(mask)
    yield
    os.umask(mask)


@pytest.fixture
def puppet(ledger: Ledger, files: FileStore, redis_url: str) -> Puppet:
    """Does by hand what a worker would do."""
    return Puppet(ledger, files, Events(redis_url))
