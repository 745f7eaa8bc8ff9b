import re
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.openapi.models import OpenAPI
from fastapi.testclient import TestClient

from jobs.errors import JobFailed, VoxhallError
from jobs.ledger import Ledger
from jobs.settings import Settings
from server.app import create_app, dialect_of
from server.dialects.base import STATUS, status_of

SECRET = "the treasure lies under the old oak"
SPEECH = {"model": "tts-1", "input": "Hello.", "voice": "alloy"}


def openai(body: Any) -> None:
    assert set(body) == {"error"}
    assert set(body["error"]) == {"message", "type", "param", "code"}
    assert body["error"]["message"]


def twintune(body: Any) -> None:
    if "detail" in body:
        for problem in body["detail"]:
            assert set(problem) - {"ctx"} == {"loc", "msg", "type"}
            assert problem["msg"]
    else:
        assert set(body) == {"message"}
        assert body["message"]


def voxhall(body: Any) -> None:
    assert set(body) == {"error"}
    assert set(body["error"]) == {"code", "message", "param"}
    assert body["error"]["message"]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/v1/audio/speech", "openai"),
        ("/v1/models", "openai"),
        ("/v1/models/kokoro", "openai"),
        ("/v1/inferences-tts", "twintune"),
        ("/v1/inferences-tts/x", "twintune"),
        ("/v1/inferences-vc", "twintune"),
        ("/v1/models-vc", "twintune"),
        ("*", "voxhall"),
        ("/jobs", "voxhall"),
        ("/v1/nothing", "voxhall"),
        ("/", "voxhall"),
    ],
)
def test_a_path_belongs_to_a_dialect(path: str, name: str) -> None:
    assert dialect_of(path).name == name


@pytest.mark.parametrize(
    ("method", "path", "shape", "status"),
    [
        ("POST", "/v1/audio/speech", openai, 401),
        ("GET", "/v1/models", openai, 401),
        ("POST", "/v1/inferences-tts", twintune, 403),
        ("GET", "/v1/inferences-tts", twintune, 403),
        ("POST", "/v1/inferences-vc", twintune, 403),
        ("GET", "/v1/models-vc", twintune, 403),
        ("POST", "/jobs", voxhall, 401),
        ("GET", "/voices", voxhall, 401),
    ],
)
@pytest.mark.parametrize("key", [None, "wrong", "vox-£"])
def test_without_a_key_nothing_is_done(
    client: TestClient, ledger: Ledger, method: str, path: str, shape: Any, status: int, key: str | None
) -> None:
    bytes_ = (key or "").encode("latin-1")
    headers = {b"Authorization": b"Bearer " + bytes_, b"x-api-key": bytes_}
    body = SPEECH | {"tts_text": "Hello.", "tts_voice": "af_heart", "kind": "speech", "text": "Hello."}
    answer = client.request(method, path, headers=headers, json=body if method == "POST" else None)
    assert answer.status_code == status
    shape(answer.json())
    if status == 401:
        assert answer.headers["www-authenticate"] == "Bearer"
    assert ledger.waiting() == {}


@pytest.mark.parametrize(
    ("method", "path", "shape", "status"),
    [
        ("GET", "/v1/audio/nothing", openai, 404),
        ("GET", "/v1/models/nothing", openai, 404),
        ("GET", "/v1/inferences-nothing", twintune, 404),
        ("GET", "/v1/inferences-tts/nothing", twintune, 404),
        ("GET", "/jobs/nothing", voxhall, 404),
        ("GET", "/nothing", voxhall, 404),
        ("GET", "/v1/audio/speech", openai, 405),
        ("PATCH", "/v1/inferences-tts", twintune, 405),
        ("GET", "/v1/models-vc/nothing", twintune, 404),
        ("POST", "/v1/models-vc", twintune, 405),
        ("PUT", "/jobs", voxhall, 405),
        ("POST", "/v1/audio/speech", openai, 400),
        ("POST", "/v1/audio/transcriptions", openai, 400),
        ("POST", "/v1/inferences-tts", twintune, 422),
        ("GET", "/v1/inferences-tts?page=0", twintune, 422),
        ("POST", "/jobs", voxhall, 400),
        ("GET", "/jobs?size=1000", voxhall, 400),
        ("GET", "/jobs?state=asleep", voxhall, 400),
    ],
)
def test_what_no_handler_sees_is_answered_in_the_dialects_words(
    client: TestClient, method: str, path: str, shape: Any, status: int
) -> None:
    answer = client.request(method, path, json={} if method == "POST" else None)
    assert answer.status_code == status
    shape(answer.json())
    if status == 405:
        assert answer.headers["allow"]


@pytest.mark.parametrize(
    ("path", "shape", "status"),
    [("/v1/audio/speech", openai, 400), ("/v1/inferences-tts", twintune, 422), ("/jobs", voxhall, 400)],
)
@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"[1]", b'{"text": "\\ud800", "input": "\\ud800"}', b"null"])
def test_a_body_that_is_no_request_is_refused(
    client: TestClient, ledger: Ledger, path: str, shape: Any, status: int, body: bytes
) -> None:
    answer = client.post(path, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == status
    shape(answer.json())
    assert ledger.waiting() == {}


@pytest.mark.parametrize(
    ("body", "param"),
    [
        (b"{", None),
        (b"[]", None),
        (b'{"model": "tts-1", "input": "Hello."}', "voice"),
        (b'{"model": "tts-1", "input": "Hello.", "voice": 5}', "voice"),
        (b'{"model": "tts-1", "input": "Hello.", "voice": "alloy", "speed": 9}', "speed"),
        (b'{"model": "tts-1", "input": " ", "voice": "alloy"}', "input"),
    ],
)
def test_a_refusal_names_the_field_as_the_caller_knows_it(client: TestClient, body: bytes, param: str | None) -> None:
    answer = client.post("/v1/audio/speech", content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)


@pytest.mark.parametrize(
    ("path", "shape"),
    [("/v1/audio/broken", openai), ("/v1/inferences-broken", twintune), ("/broken", voxhall)],
)
def test_a_fault_of_the_server_is_answered_and_says_nothing_of_the_request(
    client: TestClient, app: FastAPI, caplog: pytest.LogCaptureFixture, path: str, shape: Any
) -> None:
    def fail(text: str) -> None:
        raise RuntimeError(text)

    app.add_api_route(path, fail)
    answer = client.get(path, params={"text": SECRET})
    assert answer.status_code == 500
    shape(answer.json())
    assert SECRET not in answer.text
    assert "RuntimeError" in caplog.text
    assert SECRET not in caplog.text


@pytest.mark.parametrize("path", ["/jobs/", "/v1/audio/speech/", "/v1/models-vc/", "/docs/"])
def test_no_path_is_redirected_to_its_neighbour(client: TestClient, path: str) -> None:
    for method in ("GET", "POST"):
        assert client.request(method, path).status_code in {404, 405}


def test_the_front_door_leads_to_the_reference(client: TestClient) -> None:
    answer = client.get("/")
    assert (answer.status_code, answer.headers["location"]) == (307, "/docs")


def errors(kind: type[VoxhallError] = VoxhallError) -> Iterator[type[VoxhallError]]:
    for below in kind.__subclasses__():
        yield below
        yield from errors(below)


@pytest.mark.parametrize("kind", [*errors()])
def test_every_error_has_a_status(kind: type[VoxhallError]) -> None:
    found = kind.__new__(kind)
    assert status_of(found) in STATUS.values()
    assert status_of(VoxhallError("?")) == 500


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("quota_exceeded", 403),
        ("unknown_voice", 404),
        ("model_not_installed", 503),
        ("model_unavailable", 503),
        ("out_of_memory", 503),
        ("not_spoken", 500),
        ("worker_died", 500),
    ],
)
def test_a_failed_jobs_status_tells_whether_to_ask_again(code: str, status: int) -> None:
    assert status_of(JobFailed(code, "It failed.")) == status


def test_the_reference_page_needs_no_other_host(client: TestClient) -> None:
    page = client.get("/docs")
    assert page.headers["content-type"].startswith("text/html")
    assert re.findall(r"https?:|\"//|'//", page.text) == []
    assets = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(assets) == 3
    for path in assets:
        assert path.startswith("/docs/assets/")
        answer = client.get(path)
        assert answer.status_code == 200
        assert len(answer.content) > 100
        if path.endswith(".css"):
            assert re.findall(r"@import|url\((?![\"']?data:)", answer.text) == []
    assert "url: '/openapi.json'" in page.text
    assert client.get("/docs/assets/../reference.py").status_code == 404


def test_the_reference_is_a_valid_document(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    OpenAPI.model_validate(document)
    text = str(document)
    for reference in re.findall(r"'\$ref': '#/components/schemas/([^']+)'", text):
        assert reference in document["components"]["schemas"]
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    names = [operation["operationId"] for operation in operations]
    assert len(set(names)) == len(names)


def test_every_route_is_described(client: TestClient) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    assert {"/jobs", "/healthz", "/v1/audio/speech", "/v1/inferences-tts", "/files/{token}/{name}"} <= set(paths)
    operations = {f"{verb} {path}": operation for path, verbs in paths.items() for verb, operation in verbs.items()}
    assert [name for name, operation in operations.items() if not operation.get("description")] == []


def test_the_app_opens_nothing_before_it_is_asked_to(settings: Settings) -> None:
    create_app(settings.model_copy(update={"redis_url": "redis://127.0.0.1:1"}))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"text": "One [pause:99h] two."}, "99h"),
        ({"text": "One [pause:1s two."}, "not closed"),
        ({"text": "One [two](/tu."}, "not closed"),
        ({"text": "[pause:1s]" * 10_000}, "pauses|limit|at most"),
        ({"text": "[pause:1s] [pause:1s]"}, "nothing to speak"),
        ({"voice": "af_sky(2)+nobody"}, "nobody"),
        ({"voice": "af_sky("}, "Write a blend"),
    ],
)
def test_markup_and_blends_that_cannot_be_followed(
    client: TestClient, ledger: Ledger, change: dict[str, str], said: str
) -> None:
    text, voice = change.get("text", "One."), change.get("voice", "af_sky")
    answers = [
        client.post("/jobs", json={"kind": "speech", "text": text, "voice": voice}),
        client.post("/v1/audio/speech", json={"model": "kokoro", "input": text, "voice": voice}),
        client.post("/v1/inferences-tts", json={"tts_text": text, "tts_voice": voice}),
    ]
    assert [answer.status_code for answer in answers] == [400, 400, 422]
    for answer, shape in zip(answers, (voxhall, openai, twintune), strict=True):
        shape(answer.json())
        assert re.search(said, answer.text)
    assert ledger.waiting() == {}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/audio/speech", r'{"model": "kokoro", "input": "Hello.", "voice": "\ud800"}'),
        ("/v1/audio/speech", r'{"model": "\ud800", "input": "Hello.", "voice": "alloy"}'),
        ("/v1/tts/", r'{"text": "Hello.", "voice": "\ud800"}'),
        ("/jobs", r'{"kind": "speech", "text": "Hello.", "voice": "\ud800"}'),
    ],
)
def test_half_of_a_character_is_the_callers_error(client: TestClient, path: str, body: str) -> None:
    answer = client.post(path, content=body, headers={"content-type": "application/json"})
    assert answer.status_code in (400, 404, 422), answer.text
    assert answer.json()["error"]["message"]
