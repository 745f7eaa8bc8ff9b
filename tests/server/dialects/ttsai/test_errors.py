from fastapi import FastAPI
from fastapi.testclient import TestClient

from jobs.errors import Conflict, JobFailed, ModelNotInstalled, NotServed, QuotaExceeded, Unavailable, UploadTooLarge
from jobs.settings import MEBIBYTE, Settings
from server.app import dialect_of, largest_upload
from tests.server.dialects.ttsai.conftest import shape

ERRORS: list[tuple[Exception, int, str]] = [
    (QuotaExceeded("Enough."), 403, "forbidden"),
    (Conflict("Twice."), 400, "bad_request"),
    (NotServed("Not here."), 404, "not_found"),
    (ModelNotInstalled("`voxhall models pull chatterbox-english` fetches it."), 400, "bad_request"),
    (UploadTooLarge("Large."), 413, "file_too_large"),
    (Unavailable("Full."), 503, "model_loading"),
    (JobFailed("bad_reference", "Silent."), 400, "bad_request"),
    (JobFailed("unknown_voice", "The voice was removed."), 404, "not_found"),
    (JobFailed("internal_error", "?"), 500, "internal_error"),
    (RuntimeError("?"), 500, "internal_error"),
]


def test_every_status_has_its_documented_code(client: TestClient, app: FastAPI) -> None:
    def fail(number: int) -> None:
        raise ERRORS[number][0]

    app.add_api_route("/v1/tts/broken", fail)
    for number, (error, status, code) in enumerate(ERRORS):
        answer = client.get("/v1/tts/broken", params={"number": number})
        shape(answer.json())
        assert (answer.status_code, answer.json()["error"]["code"]) == (status, code), error


GUARDED = [
    ("POST", "/v1/tts/"),
    ("POST", "/v1/tts/stream/"),
    ("POST", "/v1/stt/"),
    ("POST", "/api/v1/stt/"),
    ("POST", "/v1/transcribe/"),
    ("GET", f"/v1/speech/subtitles/?uuid={'0' * 32}"),
    ("POST", "/v1/tts/clone/"),
    ("POST", "/api/v1/voice-clone/"),
    ("POST", "/v1/voice-convert/"),
    ("POST", "/v1/voice-embedding/"),
    ("POST", "/api/v1/user-voices/"),
    ("GET", "/api/v1/user-voices/"),
    ("DELETE", "/api/v1/user-voices/?public_id=uv_1"),
    ("POST", "/api/v1/user-voices/uv_1/archive/"),
]


def test_without_a_key(client: TestClient) -> None:
    for method, path in GUARDED:
        answer = client.request(method, path, headers={b"authorization": b"", b"x-api-key": b""})
        shape(answer.json())
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "unauthorized"), path
        assert answer.headers["www-authenticate"] == "Bearer"


def test_a_body_that_is_no_request(client: TestClient) -> None:
    for content in (b"", b"{", b"[1]", b"null", b'{"text": "\\ud800", "voice": "af_bella"}'):
        answer = client.post("/v1/tts/", content=content, headers={"content-type": "application/json"})
        shape(answer.json())
        assert answer.status_code == 400, content


PATHS = {
    "ttsai": (
        "/v1/tts/",
        "/api/v1/tts/",
        "/api/v1/nothing/",
        "/static/downloads/1/a.mp3",
        "/v1/speech/results/",
        "/v1/stt/",
        "/v1/transcribe/results/",
        "/v1/user-voices/uv_1/archive/",
    ),
    "deapi": ("/api/v1/client/txt2audio", "/api/v2/audio/speech"),
    "hamsa": ("/v1/jobs/text-to-speech", "/v1/jobs", "/v2/tts/voices"),
    "openai": ("/v1/audio/speech", "/v1/models"),
    "voxhall": ("/jobs",),
}


def test_paths_of_several_apis_side_by_side() -> None:
    assert {
        name: tuple(path for path in paths if dialect_of(path).name == name) for name, paths in PATHS.items()
    } == PATHS


def test_every_path_is_there_below_both_bases(app: FastAPI) -> None:
    paths = app.openapi()["paths"]
    below = {base: {path.removeprefix(base) for path in paths if owned(path, base)} for base in ("/v1/", "/api/v1/")}
    assert below["/v1/"] == below["/api/v1/"] > {"tts/clone/", "voice-convert/", "user-voices/", "speech/results/"}


def owned(path: str, base: str) -> bool:
    return path.startswith(base) and dialect_of(path).name == "ttsai"


def test_openais_path_is_answered_as_its_caller_knows_it(client: TestClient) -> None:
    for agent, key in (("tts-ai-python/0.1.0", "message"), ("OpenAI/Python 3.52", None)):
        answer = client.post("/v1/audio/speech", json={}, headers={"user-agent": agent})
        assert (answer.status_code, answer.json().keys() - {"error"}) == (400, {key} - {None})
        assert ("x-ratelimit-limit" in answer.headers) is (key is not None)


def test_an_upload_and_its_reference_fit_into_one_form(settings: Settings) -> None:
    large = settings.model_copy(update={"max_upload_bytes": 100 * MEBIBYTE})
    assert largest_upload(large, "/v1/voice-convert/") == largest_upload(large, "/v1/stt/") == 100 * MEBIBYTE
