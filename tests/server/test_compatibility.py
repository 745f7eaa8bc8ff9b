"""`docs/compatibility.md` lists every endpoint of the five APIs, and says of none that it works where it does not."""

import re

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from server.app import DIALECTS, dialect_of
from server.dialects.base import Dialect
from tests.conftest import ROOT

PAGE = (ROOT / "docs" / "compatibility.md").read_text()
ROW = re.compile(r"^\| `(GET|POST|PUT|DELETE|WS) (/\S*)` \| (works|differs|not offered) \|", re.MULTILINE)
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
def test_what_is_not_offered_says_so(app: FastAPI, dialect: Dialect, client: TestClient) -> None:
    here = served(app, dialect)
    for (method, path), how in told(dialect).items():
        if how == "not offered" and (method, path) in here:
            answer = client.request(method, re.sub(r"\{\w+\}", "x", path))
            assert answer.status_code == 501, (method, path, answer.text)


@named
def test_the_sockets_are_there(dialect: Dialect, client: TestClient, secret: str) -> None:
    for (method, path), how in told(dialect).items():
        if method == "WS" and how != "not offered":
            with client.websocket_connect(path, headers={"x-api-key": secret}):
                pass
