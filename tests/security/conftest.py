"""The API as in `tests/server`: a real ledger, broker and file store, and no worker but a test's own."""

import threading
import time
from collections.abc import Iterator

import pytest
import uvicorn
from fastapi import FastAPI

from cli.api import configuration
from jobs.settings import Settings
from tests.server.conftest import add_job, app, client, hall, puppet, rvc, saved, secret, settings

__all__ = ["add_job", "app", "client", "hall", "puppet", "rvc", "saved", "secret", "settings"]


@pytest.fixture
def port(app: FastAPI, settings: Settings) -> Iterator[int]:
    """Where the app listens on loopback, served as the product serves it."""
    config = configuration(app, settings.model_copy(update={"port": 0}))
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.01)
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(30)
