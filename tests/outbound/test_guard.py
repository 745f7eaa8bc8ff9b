"""The client for addresses that callers name, against a real server."""

import socket
from typing import Any

import httpx
import pytest

from outbound.guard import PrivateAddress, client
from outbound.targets import check
from tests.elsewhere import Elsewhere


def test_nothing_inside_is_reached(elsewhere: Elsewhere) -> None:
    with client(allow_private=False, timeout=5) as http, pytest.raises(httpx.ConnectError) as refused:
        http.get(elsewhere.gives("/", b"secret"))
    assert isinstance(refused.value.__cause__, PrivateAddress)
    assert not elsewhere.asked


def test_what_the_operator_allows(elsewhere: Elsewhere) -> None:
    with client(allow_private=True, timeout=5) as http:
        assert http.get(elsewhere.gives("/", b"hello")).text == "hello"
    [(_, headers)] = elsewhere.asked
    assert headers["Accept-Encoding"] == "identity"


def test_no_redirect_is_followed(elsewhere: Elsewhere) -> None:
    with client(allow_private=True, timeout=5) as http:
        assert http.get(elsewhere.gives("/", b"", 302, Location="/next")).status_code == 302
    assert [path for path, _ in elsewhere.asked] == ["/"]


def test_no_proxy_is_asked(elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", elsewhere.url("/"))
    monkeypatch.setenv("ALL_PROXY", elsewhere.url("/"))
    with client(allow_private=False, timeout=5) as http, pytest.raises(httpx.ConnectError):
        http.get("http://nowhere.invalid/")
    assert not elsewhere.asked


def test_a_name_is_looked_up_once_and_that_address_is_called(
    elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that leads elsewhere the second time gains nothing."""
    genuine, asked = socket.getaddrinfo, []

    def resolved(host: str, *args: Any, **kwargs: Any) -> Any:
        asked.append(host)
        return genuine("127.0.0.1" if host == "there.example" else host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", resolved)
    elsewhere.gives("/", b"")
    with client(allow_private=True, timeout=5) as http:
        http.get(f"http://there.example:{elsewhere.port}/")
    assert asked.count("there.example") == 1
    [(_, headers)] = elsewhere.asked
    assert headers["Host"] == f"there.example:{elsewhere.port}"


def test_a_name_that_leads_inside_by_the_time_it_is_called(
    elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = ["8.8.8.8", "127.0.0.1"]
    genuine = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda _host, *rest, **more: genuine(answers.pop(0), *rest, **more))
    url = f"http://turncoat.example:{elsewhere.port}/"
    check(url, allow_private=False)
    with client(allow_private=False, timeout=5) as http, pytest.raises(httpx.ConnectError, match="private address"):
        http.get(url)
    assert not elsewhere.asked


def test_the_next_address_where_one_does_not_answer(elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch) -> None:
    genuine = socket.getaddrinfo

    def resolved(host: str, *rest: Any, **more: Any) -> Any:
        if host != "both.example":
            return genuine(host, *rest, **more)
        return genuine("127.0.0.2", *rest, **more) + genuine("127.0.0.1", *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", resolved)
    elsewhere.gives("/", b"hello")
    with client(allow_private=True, timeout=5) as http:
        assert http.get(f"http://both.example:{elsewhere.port}/").text == "hello"


def test_an_answer_that_drips_comes_to_its_end(elsewhere: Elsewhere) -> None:
    """At the deadline, whatever it is that goes on by then."""
    with client(allow_private=True, timeout=1) as http, pytest.raises(httpx.TimeoutException):
        http.get(elsewhere.drips("/"))
    assert [path for path, _ in elsewhere.asked] == ["/"]


def test_a_server_that_says_nothing() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        client(allow_private=True, timeout=30, silence=0.2) as http,
        pytest.raises(httpx.ReadTimeout),
    ):
        http.get(f"http://127.0.0.1:{silent.getsockname()[1]}/")


@pytest.mark.parametrize("url", ["ftp://there.example/", "http://nowhere.invalid/", "http://127.0.0.1:1/"])
def test_every_failure_is_a_transport_error(url: str) -> None:
    with client(allow_private=True, timeout=5) as http, pytest.raises(httpx.TransportError):
        http.get(url)
