"""Commands that run inside the tests' own process leave it as it was."""

import os
import tempfile
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def as_before(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A command sets the folder of temporary files and the rights of new files, for good."""
    monkeypatch.setattr(tempfile, "tempdir", tempfile.tempdir)
    mask = os.umask(0o022)
    os.umask(mask)
    yield
    os.umask(mask)
