"""Voices over HTTP. No worker runs: a test plays the one that imports them."""

import socket
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from jobs.database import Database
from jobs.files import FileStore, input_key, voice_key, voice_prefix
from jobs.keys import Keys
from jobs.ledger import Claim, Ledger
from jobs.specs import VoiceSpec
from jobs.voices import Voices
from tests.server.conftest import Puppet, listening

TOLD = {"version": "v2", "f0": True, "sample_rate": 40_000, "speakers": 1, "epochs": 200, "info": "200epoch"}
DETAILS = TOLD | {"vectors": 512, "size": 55_000_000, "sha256": "0" * 64}
MODEL = b"weights " * 1000
INDEX = b"vectors " * 1000
Add = Callable[..., "Future[Any]"]


class Importer:
    """The worker that imports voices."""

    def __init__(self, puppet: Puppet, database: Database) -> None:
        self.puppet = puppet
        self.voices = Voices(database)

    def claim(self) -> Claim:
        return self.puppet.claim("tools")

    def spec(self, claim: Claim) -> VoiceSpec:
        spec = self.puppet.ledger.get(claim.job_id).spec
        assert isinstance(spec, VoiceSpec)
        return spec

    def keep(self, claim: Claim) -> str:
        """Stores the voice and says so; the voice's id."""
        job = self.puppet.ledger.get(claim.job_id)
        spec = self.spec(claim)
        voice = uuid.uuid4().hex
        self.puppet.files.put(voice_key(voice, "voice.safetensors"), b"tensors")
        self.voices.add(voice, key_id=job.key_id, name=spec.name, kind="rvc", shared=spec.shared, details=DETAILS)
        self.puppet.finish(claim, voice=voice)
        return voice


@pytest.fixture
def importer(puppet: Puppet, database: Database) -> Importer:
    return Importer(puppet, database)


@pytest.fixture
def add(client: TestClient) -> Iterator[Add]:
    with ThreadPoolExecutor(4) as pool:

        def add(name: str = "Anna", *, index: bytes | None = None, **form: str) -> "Future[Any]":
            files = {"model": ("anna.pth", MODEL)} | ({"index": ("anna.index", index)} if index is not None else {})
            return pool.submit(client.post, "/voices/rvc", data={"name": name, **form}, files=files)

        yield add


@pytest.fixture
def key_id(database: Database, secret: str) -> str:
    return Keys(database).check(secret).id


@pytest.fixture
def stranger(database: Database) -> dict[str, str]:
    return {"Authorization": f"Bearer {Keys(database).create('stranger')[1]}"}


@pytest.fixture
def kept(database: Database, files: FileStore) -> Callable[..., str]:
    def keep(name: str, key_id: str, *, shared: bool = False, kind: str = "rvc") -> str:
        voice = uuid.uuid4().hex
        files.put(voice_key(voice, "voice.safetensors"), b"tensors")
        Voices(database).add(voice, key_id=key_id, name=name, kind=kind, shared=shared, details=DETAILS)
        return voice

    return keep


def open_files() -> Iterator[str]:
    """Paths of this process's open files, those that are deleted included."""
    for link in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):
            yield str(link.readlink())


def refusal(answer: Any, status: int) -> dict[str, Any]:
    assert answer.status_code == status
    error: dict[str, Any] = answer.json()["error"]
    return error


def test_a_model_and_its_index_become_a_voice(
    client: TestClient, add: Add, importer: Importer, files: FileStore
) -> None:
    asked = add("Anna Bé (v2)", index=INDEX, shared="true")
    claim = importer.claim()
    assert claim.interactive
    assert importer.spec(claim) == VoiceSpec(name="Anna Bé (v2)", shared=True)
    assert files.get(input_key(claim.job_id, "model")) == MODEL
    assert files.get(input_key(claim.job_id, "index")) == INDEX
    voice = importer.keep(claim)
    answer = asked.result(30)
    assert (answer.status_code, answer.headers["location"]) == (201, f"/voices/rvc/{voice}")
    content = answer.json()
    assert client.get(answer.headers["location"]).json() == content
    assert datetime.fromisoformat(content.pop("created_at")).tzinfo
    assert content == {
        "id": voice,
        "name": "Anna Bé (v2)",
        "kind": "rvc",
        **TOLD,
        "index_vectors": 512,
        "size": 55_000_000,
        "shared": True,
        "mine": True,
    }


def test_nothing_is_left_of_an_upload_but_the_voice(
    client: TestClient, add: Add, importer: Importer, files: FileStore
) -> None:
    asked = add(index=INDEX)
    voice = importer.keep(importer.claim())
    assert asked.result(30).status_code == 201
    assert files.list("") == [voice_key(voice, "voice.safetensors")]
    assert client.get("/jobs").json()["total"] == 0


def test_a_model_alone_is_enough_and_its_keys_own(add: Add, importer: Importer, files: FileStore) -> None:
    asked = add()
    claim = importer.claim()
    assert files.list(f"jobs/{claim.job_id}/") == [input_key(claim.job_id, "model")]
    importer.keep(claim)
    assert asked.result(30).json()["shared"] is False


@pytest.mark.parametrize(
    ("code", "status"), [("not_a_voice", 400), ("conflict", 409), ("out_of_memory", 503), ("internal_error", 500)]
)
def test_a_failed_import_is_its_reason_and_leaves_nothing(
    client: TestClient, add: Add, importer: Importer, files: FileStore, code: str, status: int
) -> None:
    asked = add(index=INDEX)
    importer.puppet.fail(importer.claim(), code, "The file is a training checkpoint.")
    expected = {"code": code, "message": "The file is a training checkpoint.", "param": None}
    assert refusal(asked.result(30), status) == expected
    assert files.list("") == []
    assert client.get("/voices/rvc").json() == {"voices": [], "total": 0}


def test_a_caller_who_hangs_up_ends_the_import_and_leaves_nothing(
    app: FastAPI, secret: str, puppet: Puppet, files: FileStore
) -> None:
    body = (
        b'--xx\r\nContent-Disposition: form-data; name="name"\r\n\r\nAnna\r\n'
        b'--xx\r\nContent-Disposition: form-data; name="model"; filename="a.pth"\r\n\r\nweights\r\n--xx--\r\n'
    )
    with listening(app) as address:
        host, port = address.removeprefix("http://").split(":")
        head = (
            f"POST /voices/rvc HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {secret}\r\n"
            f"Content-Type: multipart/form-data; boundary=xx\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        with socket.create_connection((host, int(port))) as caller:
            caller.sendall(head.encode() + body)
            claim = puppet.claim("tools")
        end = time.monotonic() + 30
        while files.list(""):
            assert time.monotonic() < end
            time.sleep(0.05)
        assert puppet.ledger.lost([claim]) == [claim]


def test_the_upload_that_arrived_is_not_kept_while_the_voice_is_imported(
    add: Add, importer: Importer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On the disk it has no name, so only the process's open files tell."""
    folder = tmp_path / "spools"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    monkeypatch.setattr("starlette.formparsers.MultiPartParser.spool_max_size", 1000)
    asked = add()
    claim = importer.claim()
    end = time.monotonic() + 30
    while any(path.startswith(str(folder)) for path in open_files()):
        assert time.monotonic() < end
    importer.keep(claim)
    assert asked.result(30).status_code == 201


def test_a_name_is_taken_once_per_key(
    client: TestClient, add: Add, kept: Callable[..., str], key_id: str, ledger: Ledger, files: FileStore
) -> None:
    kept("Anna", key_id)
    before = files.list("")
    error = refusal(add("Anna").result(30), 409)
    assert (error["code"], error["param"]) == ("conflict", "name")
    assert ledger.waiting() == {}
    assert files.list("") == before


def test_anothers_name_is_free(add: Add, importer: Importer, kept: Callable[..., str], database: Database) -> None:
    kept("Anna", Keys(database).create("other")[0].id, shared=True)
    asked = add("Anna")
    importer.keep(importer.claim())
    assert asked.result(30).status_code == 201


@pytest.mark.parametrize("name", ["", " ", "a/b", " a", "a ", "a\nb", "a\0", "x" * 101])
def test_a_name_that_cannot_stand_in_a_path_is_refused(add: Add, ledger: Ledger, name: str) -> None:
    error = refusal(add(name).result(30), 400)
    assert (error["code"], error["param"]) == ("invalid_request", "name")
    assert "^" not in error["message"]
    assert ledger.waiting() == {}


@pytest.mark.parametrize(
    ("form", "files", "param"),
    [
        ({}, {"model": ("a.pth", MODEL)}, "name"),
        ({"name": "Anna"}, {"index": ("a.index", INDEX)}, "model"),
        ({"name": "Anna", "model": "text"}, {"index": ("a.index", INDEX)}, "model"),
        ({"name": "Anna"}, {"model": ("a.pth", b"")}, "model"),
        ({"name": "Anna"}, {"model": ("a.pth", MODEL), "index": ("a.index", b"")}, "index"),
        ({"name": "Anna", "shared": "perhaps"}, {"model": ("a.pth", MODEL)}, "shared"),
    ],
)
def test_a_form_that_lacks_something_is_refused(
    client: TestClient, ledger: Ledger, form: dict[str, str], files: dict[str, Any], param: str
) -> None:
    error = refusal(client.post("/voices/rvc", data=form, files=files), 400)
    assert (error["code"], error["param"]) == ("invalid_request", param)
    assert ledger.waiting() == {}


def test_own_and_shared_voices_are_listed_newest_first(
    client: TestClient, kept: Callable[..., str], key_id: str, database: Database
) -> None:
    other = Keys(database).create("other")[0].id
    own, shared = kept("Anna", key_id), kept("Bert", other, shared=True)
    kept("Carl", other)
    kept("Dora", key_id, kind="clone")
    content = client.get("/voices/rvc").json()
    assert content["total"] == 2
    assert [(voice["id"], voice["mine"], voice["shared"]) for voice in content["voices"]] == [
        (shared, False, True),
        (own, True, False),
    ]


@pytest.mark.parametrize("by_name", [True, False])
def test_a_voice_is_removed_with_its_files(
    client: TestClient, kept: Callable[..., str], key_id: str, files: FileStore, by_name: bool
) -> None:
    name = "Anna & Bé, 100% #1?"
    voice, other = kept(name, key_id), kept("Bert", key_id)
    path = "/voices/rvc/Anna%20%26%20B%C3%A9%2C%20100%25%20%231%3F" if by_name else f"/voices/rvc/{voice}"
    assert client.get(path).json()["name"] == name
    answer = client.delete(path)
    assert (answer.status_code, answer.content) == (204, b"")
    assert files.list(voice_prefix(voice)) == []
    assert files.list(voice_prefix(other))
    for gone in (client.get(path), client.delete(path)):
        assert refusal(gone, 404)["code"] == "not_found"


@pytest.mark.parametrize("shared", [True, False])
def test_strangers_remove_nothing(
    client: TestClient, kept: Callable[..., str], key_id: str, files: FileStore, stranger: dict[str, str], shared: bool
) -> None:
    voice = kept("Anna", key_id, shared=shared)
    for named in ("Anna", voice):
        assert client.get(f"/voices/rvc/{named}", headers=stranger).status_code == (200 if shared else 404)
        assert client.delete(f"/voices/rvc/{named}", headers=stranger).status_code == 404
    assert client.get(f"/voices/rvc/{voice}").status_code == 200
    assert files.list(voice_prefix(voice))


def test_a_voice_of_another_kind_is_none_of_these(
    client: TestClient, kept: Callable[..., str], key_id: str, files: FileStore
) -> None:
    voice = kept("Anna", key_id, kind="clone")
    assert client.get("/voices/rvc/Anna").status_code == 404
    assert client.delete("/voices/rvc/Anna").status_code == 404
    assert files.list(voice_prefix(voice))


def test_a_voice_that_is_removed_before_its_import_is_answered_is_not_found(
    client: TestClient, add: Add, importer: Importer, ledger: Ledger, files: FileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = add()
    claim = importer.claim()
    monkeypatch.setattr(importer.puppet, "finish", lambda *_args, **_result: None)
    voice = importer.keep(claim)
    assert client.delete("/voices/rvc/Anna").status_code == 204
    monkeypatch.undo()
    importer.puppet.finish(claim, voice=voice)
    assert refusal(asked.result(30), 404)["message"] == "The voice was removed."
    assert files.list("") == []


@pytest.mark.parametrize(("method", "path"), [("POST", ""), ("GET", ""), ("GET", "/Anna"), ("DELETE", "/Anna")])
def test_a_key_is_needed(client: TestClient, method: str, path: str) -> None:
    headers = {"Authorization": "Bearer wrong", "x-api-key": "wrong"}
    error = refusal(client.request(method, f"/voices/rvc{path}", headers=headers), 401)
    assert error["code"] == "unauthorized"
