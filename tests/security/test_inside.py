"""Addresses inside the house, however they are written (SSRF): neither taken, nor called, nor led to."""

import io
import socket
import threading
from collections import defaultdict
from typing import Any

import pytest

from jobs.errors import InvalidRequest, SourceFailed, SourceRefused
from outbound.fetch import fetch
from outbound.targets import check
from tests.elsewhere import Elsewhere

INSIDE = [
    "127.0.0.1",
    "127.1",
    "127.0.1",
    "0",
    "0.0.0.0",  # noqa: S104
    "2130706433",
    "0x7f000001",
    "0x7f.0.0.1",
    "0177.0.0.1",
    "017700000001",
    "\uff11\uff12\uff17.0.0.1",
    "\u2460\u2461\u2466.0.0.1",
    "127\u30020\u30020\u30021",
    "127\uff0e0\uff0e0\uff0e1",
    "10.0.0.1",
    "169.254.169.254",
    "2852039166",
    "192.168.0.1",
    "100.64.0.1",
    "168.63.129.16",
    "[::]",
    "[::1]",
    "[0:0:0:0:0:0:0:1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[64:ff9b:1::7f00:1]",
    "[2002:7f00:1::]",
    "[2001:0:7f00:1::]",
    "[fe80::1]",
    "[fe80::1%25lo]",
    "[fd00:ec2::254]",
    "[fec0::1]",
    "[ff02::1]",
    "localhost",
    "LOCALHOST",
    "user:word@127.0.0.1",
    "hooks.example@127.0.0.1",
]
TRICKS = [
    "https://127.0.0.1\\@hooks.example/",
    "https://hooks.example\\@127.0.0.1/",
    "https://127.0.0.1\t.hooks.example/",
    "https://hooks.example\r\nHost: 127.0.0.1/",
    "https://127.0.0.1%00.hooks.example/",
    "https://127.0.0.1%2f.hooks.example/",
    "https://[::1].hooks.example/",
    "https://[::ffff:127.0.0.1",
    "gopher://127.0.0.1:6379/_FLUSHALL",
    "unix:///run/redis.sock",
    "http+unix://%2Frun%2Fredis.sock/",
    "file:///etc/passwd",
    "jar:https://127.0.0.1!/",
    "data:audio/wav;base64,AAAA",
]


@pytest.mark.parametrize("host", INSIDE)
def test_no_way_to_write_an_inside_address(host: str) -> None:
    for scheme in ("http", "https"):
        with pytest.raises(InvalidRequest):
            check(f"{scheme}://{host}/", allow_private=False)
        with pytest.raises((SourceRefused, SourceFailed)):
            fetch(f"{scheme}://{host}/", io.BytesIO(), allow_private=False, limit=10, going_on=lambda: None)


def test_what_cannot_be_looked_up_is_not_called() -> None:
    """Such a name may be taken, for it may lead somewhere later."""
    for host in ("127.0.0.1.", "localhost.nowhere.invalid", "127.0.0.1.nowhere.invalid"):
        with pytest.raises((SourceRefused, SourceFailed)):
            fetch(f"http://{host}/", io.BytesIO(), allow_private=False, limit=10, going_on=lambda: None)


@pytest.mark.parametrize("url", TRICKS)
def test_no_way_to_write_another_kind_of_address(url: str) -> None:
    with pytest.raises(InvalidRequest):
        check(url, allow_private=False)


class Names:
    """The system's resolver: each name gives its answers one after the other, and the last one for ever."""

    def __init__(self) -> None:
        self.answers: dict[str, list[str]] = defaultdict(list)
        self.genuine = socket.getaddrinfo

    def __call__(self, host: str, *rest: Any, **more: Any) -> Any:
        known = self.answers.get(host)
        if known:
            host = known.pop(0) if len(known) > 1 else known[0]
        return self.genuine(host, *rest, **more)


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Names:
    names = Names()
    monkeypatch.setattr(socket, "getaddrinfo", names)
    return names


def test_a_name_that_turns_inside_between_look_and_call(elsewhere: Elsewhere, names: Names) -> None:
    names.answers["turncoat.example"] = ["8.8.8.8", "127.0.0.1"]
    elsewhere.gives("/", b"what is inside")
    into = io.BytesIO()
    with pytest.raises(SourceRefused, match="private or loopback"):
        fetch(f"http://turncoat.example:{elsewhere.port}/", into, allow_private=False, limit=100, going_on=lambda: None)
    assert (into.getvalue(), elsewhere.asked) == (b"", [])


@pytest.mark.parametrize("place", ["http://127.0.0.1:{port}/", "//127.0.0.1:{port}/", "http://inside.example:{port}/"])
def test_a_redirect_inside(elsewhere: Elsewhere, names: Names, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    """The first address counts as outside, as far as the guard can tell; what it redirects to is the house."""
    names.answers |= {"outside.example": ["127.0.0.2"], "inside.example": ["127.0.0.1"]}
    for module in ("guard", "targets"):
        monkeypatch.setattr(f"outbound.{module}.is_public", "127.0.0.2".__eq__)
    listening = socket.create_server(("127.0.0.2", 0))
    with listening:
        port = listening.getsockname()[1]
        answer = f"HTTP/1.1 302 Found\r\nLocation: {place.format(port=elsewhere.port)}\r\nContent-Length: 0\r\n\r\n"
        reply = Replying(listening, answer.encode())
        elsewhere.gives("/", b"what is inside")
        with reply, pytest.raises((SourceRefused, SourceFailed)):
            fetch(
                f"http://outside.example:{port}/", io.BytesIO(), allow_private=False, limit=100, going_on=lambda: None
            )
    assert reply.asked
    assert not elsewhere.asked


class Replying:
    """One answer, whatever is asked."""

    def __init__(self, listening: socket.socket, answer: bytes) -> None:
        self._thread = threading.Thread(target=self._reply)
        self._listening = listening
        self._answer = answer
        self.asked = b""

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._thread.join(30)

    def _reply(self) -> None:
        caller, _ = self._listening.accept()
        with caller:
            self.asked = caller.recv(65_536)
            caller.sendall(self._answer)
