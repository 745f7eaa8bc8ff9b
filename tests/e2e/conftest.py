"""One product for all end-to-end tests, and what they speak to it with."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from openai import OpenAI

from tests.e2e.miniature import their_catalog, with_miniatures
from tests.e2e.product import KEY, Product, running
from tests.e2e.texts import REFUSED, SENTENCE


@pytest.fixture(scope="package")
def product(tmp_path_factory: pytest.TempPathFactory, free_port: int, models_dir: Path) -> Iterator[Product]:
    """The running product. When the tests are over, it must stop in time and have kept its secrets."""
    folder = tmp_path_factory.mktemp("product")
    models = with_miniatures(folder / "models", models_dir)
    catalog = their_catalog(folder / "catalog.toml", models)
    with running(folder, free_port, models, VOXHALL_CATALOG=str(catalog), VOXHALL_ALLOW_PRIVATE_URLS="true") as product:
        yield product
    _look_over_the_log(product)


def _look_over_the_log(product: Product) -> None:
    """No key, nothing of what was to be spoken, and nothing that went unhandled."""
    log = product.logged.read_text()
    assert KEY not in log + product.printed.read_text()
    assert "Traceback" not in log
    with closing(sqlite3.connect(product.data_dir / "ledger.db")) as ledger:
        texts = ledger.execute(
            "SELECT json_extract(spec, '$.text') FROM jobs WHERE kind IN ('speech', 'clone')"
        ).fetchall()
    assert texts
    assert [text for text in (*REFUSED, *(row[0] for row in texts)) if text[:20] in log] == []


@pytest.fixture(scope="package")
def client(product: Product) -> Iterator[httpx.Client]:
    """Voxhall's own API, with the first key."""
    with product.client() as client:
        yield client


@pytest.fixture(scope="package")
def openai(product: Product) -> Iterator[OpenAI]:
    """The `openai` package, told nothing but address and key."""
    with OpenAI(base_url=f"{product.url}/v1", api_key=KEY) as openai:
        yield openai


@pytest.fixture(scope="package")
def recording(openai: OpenAI, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A WAV file of `SENTENCE`."""
    path = tmp_path_factory.mktemp("recording") / "sentence.wav"
    path.write_bytes(
        openai.audio.speech.create(model="kokoro", voice="af_heart", input=SENTENCE, response_format="wav").content
    )
    return path
