"""Requests that no library writes, byte by byte, to the server as it is served: each is one request at most."""

import gzip
import re
import socket
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

from jobs.ledger import Ledger
from tests.server.known import WAV

Send = Callable[..., bytes]
LAST = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
"""What comes last, so that nobody need wait for more."""

SNEAKED = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
PART = b'--xx\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n'
FILE = (
    b'--xx\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\nContent-Type: audio/wav\r\n\r\n'
    + WAV
    + b"\r\n"
)
SOUND = FILE.replace(b'name="file"', b'name="audio"')
END = b"--xx--\r\n"
NESTED = b"Content-Type: multipart/mixed; boundary=yy\r\n\r\n--yy\r\n\r\nx\r\n--yy--\r\n"
LONG = b"a" * 100_000
MODEL = PART % (b"model", b"whisper-1")


@pytest.fixture
def send(port: int, secret: str) -> Send:
    """Sends bytes and gives what comes back until the server hangs up, or has nothing more to say for a while."""

    def send(body: bytes, *headers: str, boundary: str = "xx", last: bool = True, patience: float = 5) -> bytes:
        head = ["POST /v1/audio/transcriptions HTTP/1.1", "Host: localhost", f"Authorization: Bearer {secret}"]
        head += ["Connection: close"] if last else []
        if boundary:
            head.append(f"Content-Type: multipart/form-data; boundary={boundary}")
        if not any("-length" in header.lower() or "encoding" in header.lower() for header in headers):
            head.append(f"Content-Length: {len(body)}")
        return exchange(port, "\r\n".join([*head, *headers, "", ""]).encode("latin-1") + body, patience)

    return send


def exchange(port: int, data: bytes, patience: float = 5) -> bytes:
    return exchanged(port, data, patience)[0]


def exchanged(port: int, data: bytes, patience: float) -> tuple[bytes, bool]:
    """The answer, and whether the server hung up; else it waits for more, as it has for so many seconds."""
    answer = b""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.settimeout(patience)
        try:
            connection.sendall(data)
            while block := connection.recv(65_536):
                answer += block
        except TimeoutError:
            return answer, False
        except OSError:  # it hung up before all was sent
            return answer, True
    return answer, True


def statuses(answer: bytes) -> list[int]:
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", answer)]


def chunked(*parts: bytes) -> bytes:
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (*parts, b""))


def test_lengths_that_disagree(send: Send, ledger: Ledger) -> None:
    """Of two requests in one, a proxy before this server may see another border than the server does."""
    body = MODEL + FILE + END
    for headers in (
        ("Content-Length: 5", "Content-Length: 6"),
        ("Content-Length: 5, 6",),
        ("Content-Length: -1",),
        ("Content-Length: +5",),
        ("Content-Length: 0x5",),
        ("Content-Length: 5 5",),
        ("Transfer-Encoding: chunked", "Transfer-Encoding: identity"),
        ("Transfer-Encoding: identity, chunked",),
        ("Transfer-Encoding: xchunked",),
        ("Transfer-Encoding : chunked",),
        (" Transfer-Encoding: chunked",),
    ):
        found = statuses(send(body + SNEAKED, *headers, last=False))
        assert found, headers
        assert {*found} <= {400, 501}, headers
    assert ledger.waiting() == {}


def test_a_length_beside_chunks(send: Send, ledger: Ledger) -> None:
    """Chunks count, as the standard has it; what is beyond them is never a request of the first one's making."""
    form = chunked(MODEL, b"--xx--\r\n")
    answer = send(form + LAST, "Transfer-Encoding: chunked", f"Content-Length: {len(SNEAKED)}", last=False)
    assert statuses(answer) == [400, 200]
    for wrong in (
        b"5\r\nabc\r\n0\r\n\r\n",
        b"zz\r\nabc\r\n",
        b"-1\r\n\r\n",
        b"f" * 40 + b"\r\n",
        b"3;" + b"x" * 70_000,
    ):
        assert 200 not in statuses(send(wrong + SNEAKED, "Transfer-Encoding: chunked", patience=0.5))
    assert ledger.waiting() == {}


def test_a_head_without_end(port: int) -> None:
    for head in (
        b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Long: " + b"a" * 200_000,
        b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n" + b"X-Many: a\r\n" * 20_000,
        b"GET /" + b"a" * 200_000,
    ):
        answer, hung_up = exchanged(port, head, patience=30)
        assert hung_up
        assert statuses(answer) in ([400], [431], [])  # what it says is lost where it hangs up amid what is sent
    assert statuses(exchange(port, LAST)) == [200]


def test_heads_that_are_none(port: int) -> None:
    for head in (
        b"GET /healthz HTTP/1.1\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-A: a\x00b\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX A: a\r\n\r\n",
        b"GET /a b HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ):
        assert 200 not in statuses(exchange(port, head)), head


# The framework leaves a file that breaks off to the garbage collector, which says so.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_forms_that_are_bent(send: Send, ledger: Ledger) -> None:
    bent = {
        "no end": MODEL + FILE,
        "nothing": b"",
        "no boundary in it": b"model=whisper-1",
        "another boundary": (MODEL + FILE + END).replace(b"--xx", b"--yy"),
        "no name": MODEL + b"--xx\r\nContent-Disposition: form-data\r\n\r\nx\r\n" + END,
        "no disposition": MODEL + b"--xx\r\nContent-Type: text/plain\r\n\r\nx\r\n" + END,
        "a long head": MODEL + b'--xx\r\nContent-Disposition: form-data; name="%s"\r\n\r\nx\r\n' % LONG + END,
        "many heads": MODEL + b"--xx\r\n" + b"X-Head: a\r\n" * 5_000 + b"\r\nx\r\n" + END,
        "many fields": MODEL + PART % (b"x", b"y") * 5_000 + END,
        "a form in a form": MODEL + b'--xx\r\nContent-Disposition: form-data; name="file"\r\n%s' % NESTED + END,
        "a folded head": MODEL + b'--xx\r\nContent-Disposition: form-data;\r\n name="file"\r\n\r\nx\r\n' + END,
        "a NUL": MODEL + b'--xx\r\nContent-Disposition: form-data; name="fi\0le"\r\n\r\nx\r\n' + END,
        "text for a file": MODEL + PART % (b"file", b"no file") + END,
    }  # fmt: skip
    for name, body in bent.items():
        assert statuses(send(body)) in ([400], [413], [422]), name
    for boundary in ("", '"', "x" * 5_000, "xx; boundary=yy", "\xff", "xx\tyy"):
        assert 200 not in statuses(send(MODEL + b"--xx--\r\n", boundary=boundary)), boundary
    assert ledger.waiting() == {}


def test_what_comes_after_the_end_of_a_form_is_nothing(client: TestClient, ledger: Ledger) -> None:
    """Neither a field, nor another request."""
    headers = {"Content-Type": "multipart/form-data; boundary=xx"}
    spec = PART % (b"spec", b'{"kind": "transcription", "language": "de"}')
    form = spec + SOUND + END
    answer = client.post("/jobs", content=form + PART % (b"spec", b"nonsense") + SNEAKED, headers=headers)
    assert answer.status_code == 202, answer.text
    assert ledger.waiting() == {"transcription": 1}


def test_of_two_fields_of_one_name_one_counts_everywhere(client: TestClient, ledger: Ledger) -> None:
    """What is charged, stored and heard is the same file, so nobody is shown one and given the other."""
    headers = {"Content-Type": "multipart/form-data; boundary=xx"}
    spec = PART % (b"spec", b'{"kind": "transcription"}')
    noise = SOUND.replace(WAV, b"no sound")
    assert client.post("/jobs", content=spec + noise + SOUND + END, headers=headers).status_code == 202
    assert client.post("/jobs", content=spec + SOUND + noise + END, headers=headers).status_code == 400
    assert ledger.waiting() == {"transcription": 1}


def test_what_is_packed_is_not_unpacked(port: int, secret: str, ledger: Ledger) -> None:
    """50 MB of nothing in 50 kB are 50 kB, and no JSON."""
    packed = gzip.compress(b'{"kind": "speech", "voice": "af_heart", "text": "' + b"a" * 50_000_000 + b'"}')
    for encoding in ("gzip", "deflate", "br", "zstd", "gzip, gzip"):
        headers: dict[str, Any] = {"Content-Encoding": encoding, "Content-Type": "application/json"}
        headers |= {"Authorization": f"Bearer {secret}"}
        answer = httpx.post(f"http://127.0.0.1:{port}/jobs", content=packed, headers=headers)
        assert answer.status_code == 400
    assert ledger.waiting() == {}
