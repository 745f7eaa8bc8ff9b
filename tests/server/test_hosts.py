"""Which names a server answers to. A page whose name was led here (DNS rebinding) asks for that name."""

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from jobs.database import Database
from jobs.settings import Settings
from server.app import create_app
from server.hosts import is_ours, names

LOOPBACK = names(Settings())
assert LOOPBACK


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST:8080",
        "localhost.",
        "voice.localhost:8080",
        "127.0.0.1:8080",
        "127.0.0.1",
        "[::1]:8080",
        "[::1]",
        "192.168.1.7",
        "",
    ],
)
def test_names_of_this_machine_and_addresses(host: str) -> None:
    assert is_ours(host, LOOPBACK or frozenset())


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8080",
        "localhost.evil.example",
        "evillocalhost",
        "evil.example#localhost",
        "localhost@evil.example",
        "localhost, evil.example",
        "127.0.0.1.evil.example",
        "127.0.0.1.nip.io",
        "2130706433",
        "0x7f.1",
        "[evil.example]",
        "localhost:port",
        "local host",
        "l\u043ecalhost",
        "localhost\x00",
    ],
)
def test_names_of_others(host: str) -> None:
    assert not is_ours(host, LOOPBACK or frozenset())


@pytest.mark.parametrize(
    ("told", "host", "ours"),
    [
        ({}, "voice.example", False),
        ({"allowed_hosts": "voice.example, Other.Example:8080"}, "voice.example:443", True),
        ({"allowed_hosts": "voice.example, Other.Example:8080"}, "other.example", True),
        ({"allowed_hosts": "voice.example"}, "sub.voice.example", False),
        ({"allowed_hosts": "*"}, "voice.example", True),
        ({"public_url": "https://voice.example/base"}, "voice.example", True),
        ({"host": "0.0.0.0"}, "voice.example", True),  # noqa: S104
        ({"host": "192.168.1.7"}, "voice.example", True),
        ({"host": "0.0.0.0", "allowed_hosts": "voice.example"}, "evil.example", False),  # noqa: S104
        ({"host": "0.0.0.0", "allowed_hosts": "voice.example"}, "localhost", True),  # noqa: S104
        ({"host": "localhost"}, "evil.example", False),
        ({"host": "::1"}, "evil.example", False),
    ],
)
def test_what_the_settings_say(told: dict[str, Any], host: str, ours: bool) -> None:
    known = names(Settings(**told))
    assert (known is None or is_ours(host, known)) is ours


@pytest.fixture
def local(settings: Settings, database: Database) -> Iterator[TestClient]:
    """A server that was told no name."""
    app: FastAPI = create_app(settings.model_copy(update={"allowed_hosts": ""}))
    with TestClient(app, base_url="http://127.0.0.1:8080", follow_redirects=False) as client:
        yield client


def test_nothing_is_answered_to_another_name(local: TestClient) -> None:
    for path in ("/", "/docs", "/healthz", "/metrics", "/jobs", "/v1/models", "/files/x/y", "/nonsense"):
        assert local.get(path).status_code != 421
        answer = local.get(path, headers={"Host": "evil.example"})
        assert answer.status_code == 421
        assert "VOXHALL_ALLOWED_HOSTS" in answer.json()["error"]["message"]
        assert answer.headers["x-request-id"]


def test_every_dialect_says_so_in_its_own_words(local: TestClient) -> None:
    shapes = {"/v1/inferences-tts": "message", "/api/v2/models": "message", "/v1/tts/": "error", "/v2/jobs": "code"}
    for path, key in shapes.items():
        answer = local.post(path, headers={"Host": "evil.example"})
        assert (answer.status_code, key in answer.json(), "evil.example" in answer.text) == (421, True, True)


def test_one_name_of_two_is_not_enough(local: TestClient) -> None:
    """And it is the other one that is named."""
    answer = local.get("/healthz", headers=[("Host", "localhost"), ("Host", "evil.example")])
    assert (answer.status_code, "`evil.example`" in answer.json()["error"]["message"]) == (421, True)


def test_a_socket_opens_for_no_other_name(local: TestClient) -> None:
    with pytest.raises(WebSocketDisconnect) as refused, local.websocket_connect("ws://evil.example/v1/realtime/ws"):
        pass
    assert refused.value.code == 1008
