"""Bodies over the limit, announced or not, with the app's own routes behind."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from jobs.files import FileStore
from jobs.ledger import Ledger
from jobs.settings import MEBIBYTE
from server.body_limit import FORM_OVERHEAD, LONGEST_JSON
from tests.server.conftest import listening

FORM = {"Content-Type": "multipart/form-data; boundary=xx"}
HEAD = b'--xx\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n'
TOO_MUCH = MEBIBYTE + FORM_OVERHEAD + 1


def parts(size: int) -> Iterator[bytes]:
    """A form with one endless file, in pieces and without an announced length."""
    yield HEAD
    for _ in range(size // 4096 + 1):
        yield bytes(4096)


@pytest.fixture
def spools(settings: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where uploads are kept while they arrive."""
    folder = tmp_path / "spools"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    return folder


@pytest.mark.parametrize(("path", "status"), [("/v1/audio/transcriptions", 413), ("/jobs", 413)])
@pytest.mark.parametrize("announced", [True, False])
def test_a_form_over_the_limit_is_refused_and_leaves_nothing(
    client: TestClient, ledger: Ledger, files: FileStore, spools: Path, path: str, status: int, announced: bool
) -> None:
    body = HEAD + bytes(TOO_MUCH) if announced else parts(TOO_MUCH)
    answer = client.post(path, content=body, headers=FORM)
    assert answer.status_code == status
    error = answer.json()["error"]
    assert (error["code"], error["param"], error["message"]) == (
        "upload_too_large",
        "file",
        "The upload is larger than 1 MB.",
    )
    assert list(spools.iterdir()) == []
    assert files.list("jobs/") == []
    assert ledger.waiting() == {}


@pytest.mark.parametrize("announced", [True, False])
def test_a_voice_has_a_limit_of_its_own(
    client: TestClient, ledger: Ledger, files: FileStore, spools: Path, announced: bool
) -> None:
    under, over = TOO_MUCH, TOO_MUCH + MEBIBYTE
    answer = client.post("/voices/rvc", files={"model": ("a.pth", bytes(under))})
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "name")
    answer = client.post("/voices/rvc", content=HEAD + bytes(over) if announced else parts(over), headers=FORM)
    error = {"code": "upload_too_large", "param": "file", "message": "The upload is larger than 2 MB."}
    assert (answer.status_code, answer.json()) == (413, {"error": error})
    assert list(spools.iterdir()) == []
    assert files.list("jobs/") == []
    assert ledger.waiting() == {}


@pytest.mark.parametrize(("path", "status"), [("/v1/audio/speech", 413), ("/v1/inferences-tts", 413), ("/jobs", 413)])
@pytest.mark.parametrize("announced", [True, False])
def test_other_bodies_have_a_limit_of_their_own(client: TestClient, path: str, status: int, announced: bool) -> None:
    size = LONGEST_JSON + 1
    body = bytes(size) if announced else (bytes(4096) for _ in range(size // 4096 + 1))
    assert client.post(path, content=body, headers={"Content-Type": "application/json"}).status_code == status


def test_the_longest_text_fits_however_it_is_written(client: TestClient) -> None:
    text = "\\ud83c\\uddeb" * 100_000  # flags, which nobody speaks
    body = f'{{"kind": "speech", "voice": "af_heart", "text": "{text}"}}'.encode()
    answer = client.post("/jobs", content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "text")
    assert "nothing to speak" in answer.json()["error"]["message"]


def test_a_body_under_the_limit_arrives_whole(app: FastAPI, client: TestClient) -> None:
    @app.post("/echo")
    async def echo(body: dict[str, str]) -> int:
        return len(body["text"])

    assert client.post("/echo", json={"text": "x" * 1_000_000}).json() == 1_000_000


def test_a_length_that_is_no_number_is_not_believed(client: TestClient) -> None:
    answer = client.post("/jobs", content=b"{}", headers={"Content-Length": "many"})
    assert answer.status_code == 400


@pytest.mark.parametrize("announced", [True, False])
def test_a_real_client_gets_the_answer_while_it_still_sends(app: FastAPI, secret: str, announced: bool) -> None:
    size = 20 * MEBIBYTE
    body = HEAD + bytes(size) if announced else parts(size)
    headers = FORM | {"Authorization": f"Bearer {secret}"}
    with listening(app) as address:
        answer = httpx.post(f"{address}/v1/audio/transcriptions", content=body, headers=headers)
        assert answer.status_code == 413
        assert httpx.get(f"{address}/healthz").json() == {"status": "ok"}
