"""`docs/compatibility.md` lists every endpoint of the five APIs, and says of none that it works where it does not."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from jobs.database import Database
from jobs.keys import Keys
from jobs.settings import Settings
from server.app import DIALECTS, create_app, dialect_of
from server.dialects.base import Dialect
from tests.conftest import ROOT

PAGE = (ROOT / "docs" / "compatibility.md").read_text()
ROW = re.compile(r"^\| `(GET|POST|PUT|DELETE|WS) (/\S*)` \| (works|differs|not offered) \|", re.MULTILINE)
LINE = re.compile(r"^\| `(?:GET|POST|PUT|PATCH|DELETE|WS) /", re.MULTILINE)
"""How the row of an endpoint begins, whether the rest of it can be read or not."""
SECTION = re.compile(r"^## (.+?)\n(.*?)(?=^## |\Z)", re.DOTALL | re.MULTILINE)

TITLES = {"openai": "OpenAI", "twintune": "TwinTune", "deapi": "deAPI", "ttsai": "TTS.ai", "hamsa": "Hamsa"}
PUBLIC = [dialect for dialect in DIALECTS if dialect.name in TITLES]
named = pytest.mark.parametrize("dialect", PUBLIC, ids=lambda dialect: dialect.name)

Endpoint = tuple[str, str]


def told(dialect: Dialect) -> dict[Endpoint, str]:
    section = dict(SECTION.findall(PAGE))[TITLES[dialect.name]]
    rows = ROW.findall(section)
    endpoints = {(method, path): how for method, path, how in rows}
    assert len(endpoints) == len(rows), "an endpoint is listed twice"
    return endpoints


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory, redis_url: str, models_dir: Path, new_ledger: Path) -> FastAPI:
    """One server for all rows; what is asked of it leaves nothing behind."""
    folder = tmp_path_factory.mktemp("data")
    shutil.copy(new_ledger, folder / "ledger.db")
    settings = Settings(data_dir=folder, redis_url=redis_url, models_dir=models_dir, allowed_hosts="testserver")
    return create_app(settings)


@pytest.fixture(scope="module")
def client(app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app, raise_server_exceptions=False, follow_redirects=False) as client:
        database: Database = app.state.hall.ledger.database
        secret = Keys(database).create("caller")[1]
        client.headers.update({"Authorization": f"Bearer {secret}", "x-api-key": secret})
        yield client


def asked(client: TestClient, endpoint: Endpoint) -> int:
    """The status of a request that says nothing."""
    method, path = endpoint
    return client.request(method, re.sub(r"\{\w+\}", "x", path)).status_code


def served(app: FastAPI, dialect: Dialect) -> set[Endpoint]:
    """HTTP only: the reference shows no WebSockets."""
    paths = app.openapi()["paths"]
    return {(method.upper(), path) for path in paths if dialect_of(path) is dialect for method in paths[path]}


@named
def test_every_endpoint_is_listed_as_it_is(app: FastAPI, dialect: Dialect) -> None:
    listed = told(dialect)
    offered = {(method, path) for (method, path), how in listed.items() if how != "not offered" and method != "WS"}
    here = served(app, dialect)
    assert here
    assert (offered - here, here - set(listed)) == (set(), set())


@named
def test_what_is_not_offered_says_so_and_nothing_else_does(app: FastAPI, dialect: Dialect, client: TestClient) -> None:
    listed = {endpoint: how for endpoint, how in told(dialect).items() if endpoint in served(app, dialect)}
    assert listed
    statuses = {endpoint: asked(client, endpoint) for endpoint in listed}
    assert {endpoint for endpoint, status in statuses.items() if status == 501} == {
        endpoint for endpoint, how in listed.items() if how == "not offered"
    }


@named
def test_the_sockets_are_there(dialect: Dialect, client: TestClient) -> None:
    for (method, path), how in told(dialect).items():
        if method == "WS" and how != "not offered":
            with client.websocket_connect(path):
                pass


def test_every_row_is_read() -> None:
    assert len(LINE.findall(PAGE)) == len(ROW.findall(PAGE)) == sum(len(told(dialect)) for dialect in PUBLIC)
