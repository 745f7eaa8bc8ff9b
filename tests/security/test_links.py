"""A link opens one file for a time, by GET and HEAD, and nothing about it can be changed."""

import base64
import time
from types import SimpleNamespace

import pytest
from fastapi.testclient import TestClient
from itsdangerous import URLSafeSerializer

from jobs.files import FileStore, result_key
from jobs.links import Links
from server.hall import Hall

MINE, OTHER = result_key("a" * 32, "speech.mp3"), result_key("b" * 32, "speech.mp3")
DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


@pytest.fixture
def link(hall: Hall, files: FileStore, client: TestClient) -> str:
    client.headers.update({"Authorization": "", "x-api-key": ""})
    files.put(MINE, b"mine")
    files.put(OTHER, b"other")
    return hall.links.path(MINE, seconds=60)


def test_no_character_of_it_can_be_another(link: str, hall: Hall) -> None:
    """But for the last one's spare bits, which say nothing."""
    token = link.split("/")[2]
    payload, _, signature = token.rpartition(".")
    for place in range(len(token) - 1):
        for digit in (DIGITS[(DIGITS.find(token[place]) + step) % 64] for step in (1, 17, 32)):
            with pytest.raises(Exception, match="wrong or has expired"):
                hall.links.key(token[:place] + digit + token[place + 1 :])
    for bent in (
        payload,
        f"{payload}.",
        f".{signature}",
        f"{payload}.{signature[::-1]}",
        f"{token}.{signature}",
        token * 2,
    ):
        with pytest.raises(Exception, match="wrong or has expired"):
            hall.links.key(bent)


def test_what_it_says_counts_only_as_it_was_signed(link: str, client: TestClient) -> None:
    signature = link.split("/")[2].rpartition(".")[2]
    far = int(time.time()) + 10**9
    for said in (
        f'["{OTHER}",{far}]',
        f'["{MINE}",{far}]',
        '["../secret",9999999999]',
        "{}",
        "[]",
        "null",
        '"x"',
        "[1,2,3]",
    ):
        payload = base64.urlsafe_b64encode(said.encode()).rstrip(b"=").decode()
        assert client.get(f"/files/{payload}.{signature}/speech.mp3").status_code == 404


def test_a_signature_of_another_purpose_is_none(client: TestClient, hall: Hall, link: str) -> None:
    secret = hall.links._serializer.secret_key
    for salt in ("itsdangerous", "voxhall", "voxhall.other", ""):
        token = URLSafeSerializer(secret, salt=salt).dumps([MINE, int(time.time()) + 60])
        assert client.get(f"/files/{token}/speech.mp3").status_code == 404


def test_it_ends_with_its_time_and_for_good(client: TestClient, link: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert client.get(link).content == b"mine"
    assert client.get(link).content == b"mine"
    later = time.time() + 61
    monkeypatch.setattr("jobs.links.time", SimpleNamespace(time=lambda: later))
    for method in ("GET", "HEAD"):
        assert client.request(method, link).status_code == 404
        assert client.request(method, link, headers={"Range": "bytes=0-1"}).status_code == 404


def test_its_name_is_for_people(client: TestClient, link: str) -> None:
    """It decides neither the file nor what a browser takes it for."""
    token = link.split("/")[2]
    for name in ("evil.html", "evil.svg", "x" * 3_000):
        answer = client.get(f"/files/{token}/{name}")
        assert (answer.content, answer.headers["content-type"]) == (b"mine", "audio/mpeg")
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_it_is_read_only(client: TestClient, link: str, files: FileStore) -> None:
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        assert client.request(method, link, content=b"x").status_code in (401, 405)
    assert files.get(MINE) == b"mine"


def test_ranges_cost_no_more_than_the_file(client: TestClient, link: str) -> None:
    """Many ranges at once made Starlette compute for minutes (CVE-2025-62727)."""
    many = "bytes=" + ",".join(f"{start}-" for start in range(20_000))
    answer = client.get(link, headers={"Range": many})
    assert answer.status_code in (200, 206, 400, 416)
    assert len(answer.content) < 1_000_000


def test_links_of_one_server_are_nothing_at_another(link: str) -> None:
    with pytest.raises(Exception, match="wrong or has expired"):
        Links("a secret that is another server's own").key(link.split("/")[2])
