from collections.abc import Iterator

import httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from starlette.exceptions import HTTPException

from jobs.ledger import Ledger
from server.form_bounds import MOST_FILES, MOST_TEXT, FormBounds
from tests.server.conftest import listening
from tests.server.test_body_limit import FORM

PART = b'--xx\r\nContent-Disposition: form-data; name="%b"%b\r\n\r\n%b\r\n'
FIELD = 512 * 1024


def texts(count: int) -> Iterator[bytes]:
    for n in range(count):
        yield PART % (b"f%d" % n, b"", b"x" * FIELD)


def files(count: int) -> Iterator[bytes]:
    for n in range(count):
        yield PART % (b"f%d" % n, b'; filename="a"', b"x")


@pytest.fixture
def settings(settings: object) -> object:
    return settings.model_copy(update={"max_upload_bytes": 100 * 2**20})  # type: ignore[attr-defined]


def test_many_texts_are_refused(client: TestClient, ledger: Ledger) -> None:
    answer = client.post("/jobs", content=b"".join(texts(MOST_TEXT // FIELD + 1)), headers=FORM)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_request")
    assert "20 MB together" in answer.json()["error"]["message"]
    assert ledger.waiting() == {}


def test_one_huge_text_is_refused_before_it_is_there(app: FastAPI, secret: str) -> None:
    def body() -> Iterator[bytes]:
        yield b'--xx\r\nContent-Disposition: form-data; name="spec"\r\n\r\n'
        for _ in range(90 * 16):
            yield bytes(65_536)

    headers = FORM | {"Authorization": f"Bearer {secret}"}
    with listening(app) as address:
        answer = httpx.post(f"{address}/jobs", content=body(), headers=headers)
    assert (answer.status_code, answer.headers["connection"]) == (400, "close")
    assert "1024KB" in answer.json()["error"]["message"]


def test_many_files_are_refused(client: TestClient) -> None:
    answer = client.post("/jobs", content=b"".join(files(MOST_FILES + 1)) + b"--xx--\r\n", headers=FORM)
    assert answer.status_code == 400
    assert f"more than {MOST_FILES} files" in answer.json()["error"]["message"]


@pytest.mark.parametrize("size", [1, 7, 65_536])
def test_however_a_form_is_cut_its_bounds_are_the_same(size: int) -> None:
    def feed(form: bytes) -> None:
        bounds = FormBounds(FORM["Content-Type"])
        for start in range(0, len(form), size):
            bounds.feed(form[start : start + size])

    full = b"".join(files(MOST_FILES))
    feed(full + PART % (b"last", b"", b"text"))
    with pytest.raises(HTTPException, match="files"):
        feed(full + PART % (b"last", b"; filename*=UTF-8''x", b"") + PART % (b"more", b'; filename=""', b""))


def test_what_is_no_form_is_left_to_the_framework(client: TestClient) -> None:
    for kind in ("multipart/form-data", "multipart/form-data; boundary=xx"):
        answer = client.post("/jobs", content=b"nothing of the kind", headers={"Content-Type": kind})
        assert answer.status_code == 400
