"""What is refused before it was read, on real connections."""

import socket
from collections.abc import Iterator

import httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from jobs.settings import MEBIBYTE, Settings
from server import unread
from server.app import create_app
from tests.server.conftest import listening

HEAD = b'--xx\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n'
FORM = "multipart/form-data; boundary=xx"


@pytest.fixture
def address(settings: Settings, secret: str) -> Iterator[str]:
    assert secret
    with listening(create_app(settings)) as found:
        yield found


def begun(address: str, headers: str) -> socket.socket:
    """A connection on which the head of a request was sent."""
    url = httpx.URL(address)
    connection = socket.create_connection((url.host, url.port or 80), timeout=30)
    request = f"POST /v1/audio/transcriptions HTTP/1.1\r\nHost: {url.netloc.decode()}\r\n{headers}\r\n"
    connection.sendall(request.encode() + b"\r\n")
    return connection


def sent_until_cut_off(connection: socket.socket, most: int) -> int:
    """Bytes that were taken from a client that looks at no answer."""
    block, sent = b"10000\r\n" + bytes(65_536) + b"\r\n", 0
    try:
        while sent < most:
            connection.sendall(block)
            sent += 65_536
    except (ConnectionError, TimeoutError):
        return sent
    return sent


@pytest.mark.parametrize("known", [True, False])
def test_whoever_sends_for_ever_is_cut_off(
    address: str, secret: str, monkeypatch: pytest.MonkeyPatch, known: bool
) -> None:
    monkeypatch.setattr(unread, "MOST_BYTES", 4 * MEBIBYTE)
    key = f"Authorization: Bearer {secret}\r\n" if known else ""
    with begun(address, f"{key}Content-Type: {FORM}\r\nTransfer-Encoding: chunked") as connection:
        connection.sendall(f"{len(HEAD):x}\r\n".encode() + HEAD + b"\r\n")
        assert sent_until_cut_off(connection, 200 * MEBIBYTE) < 100 * MEBIBYTE


def test_whoever_falls_silent_is_cut_off_with_an_answer(
    address: str, secret: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unread, "MOST_SECONDS", 0.2)
    headers = f"Authorization: Bearer {secret}\r\nContent-Type: {FORM}\r\nContent-Length: {20 * MEBIBYTE}"
    with begun(address, headers) as connection:
        connection.sendall(HEAD)
        came = b""
        while block := connection.recv(65_536):
            came += block
    assert came.startswith(b"HTTP/1.1 413 ")
    assert b"connection: close" in came.lower()
    assert b"larger than 1 MB" in came


def test_a_connection_goes_on_after_a_body_that_was_read_or_small(app: FastAPI, client: TestClient) -> None:
    for size in (10, 200_000):
        answer = client.post("/jobs", json={"kind": "speech", "text": "x" * size, "voice": "nobody"})
        assert (answer.status_code, answer.headers.get("connection")) == (400, None)
    assert client.post("/nowhere", content=bytes(1_000)).headers.get("connection") is None
