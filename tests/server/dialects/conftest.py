"""OpenAI's own client on the API; a test plays the worker."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from fastapi import FastAPI
from openai import OpenAI

from tests.server.conftest import listening


@pytest.fixture
def openai(app: FastAPI, secret: str) -> Iterator[OpenAI]:
    with (
        listening(app) as address,
        OpenAI(base_url=f"{address}/v1", api_key=secret, max_retries=0, timeout=30) as client,
    ):
        yield client


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    """For callers who wait while the test works."""
    with ThreadPoolExecutor(2) as pool:
        yield pool
