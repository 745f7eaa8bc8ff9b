"""Sources that are fetched, from a real server."""

import io
from http.server import BaseHTTPRequestHandler

import pytest

from jobs.errors import LeaseLost, SourceFailed, SourceRefused, UploadTooLarge
from outbound.fetch import SECONDS, fetch
from tests.elsewhere import Elsewhere

BODY = bytes(range(256)) * 4096


def fetched(url: str, *, allow_private: bool = True, limit: int = len(BODY)) -> bytes:
    into = io.BytesIO()
    fetch(url, into, allow_private=allow_private, limit=limit, going_on=lambda: None)
    return into.getvalue()


def test_a_recording(elsewhere: Elsewhere) -> None:
    assert fetched(elsewhere.gives("/talk.wav", BODY)) == BODY


def test_three_redirects(elsewhere: Elsewhere) -> None:
    elsewhere.gives("/3", BODY)
    for step, status in enumerate((301, 302, 307)):
        elsewhere.gives(f"/{step}", b"elsewhere", status, Location=f"/{step + 1}")
    assert fetched(elsewhere.url("/0")) == BODY


def test_a_fourth_redirect(elsewhere: Elsewhere) -> None:
    with pytest.raises(SourceFailed, match="more than 3 times"):
        fetched(elsewhere.gives("/", b"", 302, Location="/"))
    assert len(elsewhere.asked) == 4


@pytest.mark.parametrize(
    "place",
    ["file:///etc/passwd", "ftp://there.example/", "http://[::1", "https://xn--/", "https://a.example:99999/"],
)
def test_a_redirect_to_what_is_no_address(elsewhere: Elsewhere, place: str) -> None:
    with pytest.raises((SourceRefused, SourceFailed)):
        fetched(elsewhere.gives("/", b"", 302, Location=place))


def test_redirects_get_no_time_of_their_own(elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch) -> None:
    times = [0.0, 1.0, SECONDS]
    monkeypatch.setattr("outbound.fetch.monotonic", lambda: times.pop(0))
    elsewhere.gives("/end", BODY)
    with pytest.raises(SourceFailed, match="too slow"):
        fetched(elsewhere.gives("/", b"", 302, Location="/end"))
    assert [path for path, _ in elsewhere.asked] == ["/"]


def test_nothing_inside(elsewhere: Elsewhere) -> None:
    with pytest.raises(SourceRefused, match="private or loopback"):
        fetched(elsewhere.gives("/", BODY), allow_private=False)
    assert not elsewhere.asked


@pytest.mark.parametrize("status", [204, 206, 304, 403, 404, 500])
def test_no_recording_there(elsewhere: Elsewhere, status: int) -> None:
    with pytest.raises(SourceFailed, match=f"status {status}"):
        fetched(elsewhere.gives("/", b"", status))


def test_one_byte_too_much(elsewhere: Elsewhere) -> None:
    with pytest.raises(UploadTooLarge):
        fetched(elsewhere.gives("/", BODY), limit=len(BODY) - 1)


def test_one_without_end(elsewhere: Elsewhere) -> None:
    with pytest.raises(UploadTooLarge):
        fetched(elsewhere.drips("/"), limit=3)


def test_compression_that_nobody_asked_for(elsewhere: Elsewhere) -> None:
    with pytest.raises(SourceFailed, match="compressed"):
        fetched(elsewhere.gives("/", BODY, Content_Encoding="gzip"))


def test_a_transfer_that_breaks_off(elsewhere: Elsewhere) -> None:
    def half(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Length", "1000")
        request.end_headers()
        request.wfile.write(b"half")

    elsewhere.answers["/"] = half
    with pytest.raises(SourceFailed, match="broke off"):
        fetched(elsewhere.url("/"))


def test_nobody_there() -> None:
    with pytest.raises(SourceFailed, match="cannot be reached"):
        fetched("http://nowhere.invalid/talk.wav")


def test_a_job_that_is_not_wanted_any_more(elsewhere: Elsewhere) -> None:
    pieces = 0

    def going_on() -> None:
        nonlocal pieces
        pieces += 1
        if pieces == 3:
            raise LeaseLost

    with pytest.raises(LeaseLost):
        fetch(elsewhere.drips("/"), io.BytesIO(), allow_private=True, limit=10**9, going_on=going_on)
