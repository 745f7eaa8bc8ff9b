"""What a caller may name, as far as that is known when it is named."""

import socket
from typing import Any

import pytest

from jobs.errors import InvalidRequest
from outbound.targets import check

OUTSIDE, INSIDE = "8.8.8.8", "10.0.0.7"


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """The system's resolver knows these names alone."""
    known: dict[str, list[str]] = {}

    def resolved(host: str, port: int, **_: Any) -> list[Any]:
        if host not in known:
            raise socket.gaierror("no such name")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in known[host]]

    monkeypatch.setattr(socket, "getaddrinfo", resolved)
    return known


def test_an_open_address(names: dict[str, list[str]]) -> None:
    names["hooks.example"] = [OUTSIDE]
    check("https://user:word@hooks.example:8443/path?query=1", allow_private=False, https_only=True)
    check("http://hooks.example", allow_private=False)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "hooks.example",
        "//hooks.example",
        "ftp://hooks.example",
        "file:///etc/passwd",
        "https://",
        "https:///path",
        "https://[::1",
        "https://a b.example",
        "https://hooks.example/\n",
        "https://xn--/",
        "https://hooks.example:port",
        "https://hooks.example/" + "a" * 2048,
    ],
)
def test_no_address_at_all(url: str, names: dict[str, list[str]]) -> None:
    names["hooks.example"] = [OUTSIDE]
    with pytest.raises(InvalidRequest, match="must be a URL that begins with https or http") as refused:
        check(url, allow_private=True, param="webhookUrl")
    assert refused.value.param == "webhookUrl"


def test_https_where_the_dialect_wants_it(names: dict[str, list[str]]) -> None:
    names["hooks.example"] = [OUTSIDE]
    with pytest.raises(InvalidRequest, match="must be a URL that begins with https:"):
        check("http://hooks.example", allow_private=False, https_only=True)
    check("http://hooks.example", allow_private=True, https_only=True)


@pytest.mark.parametrize("addresses", [[INSIDE], [OUTSIDE, INSIDE], ["::1"], ["::ffff:10.0.0.7"]])
def test_a_name_that_leads_inside(names: dict[str, list[str]], addresses: list[str]) -> None:
    names["house.example"] = addresses
    with pytest.raises(InvalidRequest, match="private or loopback"):
        check("https://house.example", allow_private=False)
    check("https://house.example", allow_private=True)


def test_a_name_that_leads_nowhere_yet(names: dict[str, list[str]]) -> None:
    check("https://later.example", allow_private=False)
