"""What a caller may name, as far as that is known when it is named."""

import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from jobs.errors import InvalidRequest
from outbound.addresses import MOST_LOOK_UPS
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
        "https://hooks.example:99999",
        "https://hooks.example:0",
        "http://[",
        "https://hooks%2eexample",
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


class SlowNames:
    """The system's resolver answers when it is told to, and not before."""

    def __init__(self) -> None:
        self.answer = threading.Event()
        self.asked = threading.Semaphore(0)
        self.count = 0

    def __call__(self, _host: str, port: int, **_: Any) -> list[Any]:
        self.count += 1
        self.asked.release()
        assert self.answer.wait(30)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (INSIDE, port))]


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Iterator[SlowNames]:
    names = SlowNames()
    monkeypatch.setattr(socket, "getaddrinfo", names)
    yield names
    names.answer.set()


def test_a_name_that_takes_too_long_is_looked_at_when_it_is_called(
    slow: SlowNames, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("outbound.addresses.PATIENCE", 0.01)
    check("https://slow.example", allow_private=False)
    assert slow.asked.acquire(timeout=30)


def test_few_names_are_looked_up_at_once_and_written_addresses_always(
    slow: SlowNames, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("outbound.addresses.PATIENCE", 30.0)
    with ThreadPoolExecutor(MOST_LOOK_UPS) as pool:
        waiting = [
            pool.submit(check, f"https://slow-{number}.example", allow_private=False) for number in range(MOST_LOOK_UPS)
        ]
        for _ in waiting:
            assert slow.asked.acquire(timeout=30)
        check("https://one-more.example", allow_private=False)  # at once
        assert slow.count == MOST_LOOK_UPS
        for host in ("10.0.0.7", "127.1", "2130706433", "0x7f000001", "[::1]", "[::ffff:10.0.0.7]"):
            with pytest.raises(InvalidRequest, match="private or loopback"):
                check(f"https://{host}", allow_private=False)
        slow.answer.set()
        assert {type(one.exception()) for one in waiting} == {InvalidRequest}
