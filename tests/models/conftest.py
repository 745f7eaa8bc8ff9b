"""A model hub on loopback."""

from collections.abc import Iterator

import pytest

from tests.models.loopback import LoopbackHub, Remembered


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[LoopbackHub]:
    with LoopbackHub().running() as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.address)
        yield hub


@pytest.fixture
def progress() -> Remembered:
    return Remembered()
