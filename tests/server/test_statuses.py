"""Every status in every dialect: its own body, headers and content type."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from jobs.errors import (
    Conflict,
    Forbidden,
    JobFailed,
    KeyReused,
    ModelNotInstalled,
    NotFound,
    NotOffered,
    OutOfCredits,
    QuotaExceeded,
    RateLimited,
    TooManyJobs,
    Unauthorized,
    Unavailable,
    UploadTooLarge,
    VoxhallError,
)
from tests.conftest import ROOT

PLACES = {
    "openai": "/v1/audio/test",
    "twintune": "/v1/inferences-test",
    "deapi": "/api/v1/client/test",
    "ttsai": "/v1/speech/test/",
    "hamsa": "/v2/tts/test",
    "voxhall": "/test",
}
OUT = OutOfCredits(required=900, available=25)
OUT_SAID = "The request needs 900 characters; 25 are left to this key."
RAISED: dict[str, VoxhallError] = {
    "unauthorized": Unauthorized("A key is needed."),
    "out of credits": OUT,
    "forbidden": Forbidden("Not over HTTP."),
    "quota": QuotaExceeded("There are 100 voices."),
    "not found": NotFound("There is no such job."),
    "conflict": Conflict("It runs."),
    "too large": UploadTooLarge("The upload is larger than 1 MB.", param="file"),
    "key reused": KeyReused("This key stands for another request."),
    "rate": RateLimited("Too many requests.", retry_after=7),
    "jobs": TooManyJobs("Three jobs are unfinished.", retry_after=5),
    "fault": VoxhallError("The server failed; its log says where."),
    "failed job": JobFailed("not_spoken", "Nothing was spoken."),
    "not offered": NotOffered("There is no translation of speech here."),
    "not now": Unavailable("The disk is full."),
    "not installed": ModelNotInstalled("Run `voxhall models pull whisper-small`.", param="model"),
}


def _openai(message: str, kind: str, code: str, param: str | None = None) -> dict[str, Any]:
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


def _ttsai(message: str, code: str, kind: str, param: str | None = None) -> dict[str, Any]:
    return {"error": {"code": code, "message": message, "type": kind, "param": param}, "message": message}


def _voxhall(code: str, message: str, param: str | None = None) -> dict[str, Any]:
    return {"error": {"code": code, "message": message, "param": param}}


INVALID, SERVER = "invalid_request_error", "server_error"
EXPECTED: dict[str, dict[str, tuple[int, dict[str, Any]]]] = {
    "openai": {
        "unauthorized": (401, _openai("A key is needed.", INVALID, "invalid_api_key")),
        "out of credits": (429, _openai(OUT_SAID, "insufficient_quota", "insufficient_quota")),
        "forbidden": (403, _openai("Not over HTTP.", INVALID, "forbidden")),
        "quota": (403, _openai("There are 100 voices.", INVALID, "quota_exceeded")),
        "not found": (404, _openai("There is no such job.", INVALID, "not_found")),
        "conflict": (409, _openai("It runs.", INVALID, "conflict")),
        "too large": (413, _openai("The upload is larger than 1 MB.", INVALID, "upload_too_large", "file")),
        "key reused": (422, _openai("This key stands for another request.", INVALID, "idempotency_key_reused")),
        "rate": (429, _openai("Too many requests.", "requests", "rate_limit_exceeded")),
        "jobs": (429, _openai("Three jobs are unfinished.", "requests", "rate_limit_exceeded")),
        "fault": (500, _openai("The server failed; its log says where.", SERVER, "internal_error")),
        "failed job": (500, _openai("Nothing was spoken.", SERVER, "not_spoken")),
        "not offered": (501, _openai("There is no translation of speech here.", SERVER, "not_offered")),
        "not now": (503, _openai("The disk is full.", SERVER, "unavailable")),
        "not installed": (
            503,
            _openai("Run `voxhall models pull whisper-small`.", SERVER, "model_not_installed", "model"),
        ),
    },
    "twintune": {
        "unauthorized": (403, {"message": "Forbidden"}),
        "out of credits": (402, {"message": OUT_SAID}),
        "forbidden": (403, {"message": "Not over HTTP."}),
        "quota": (403, {"message": "There are 100 voices."}),
        "not found": (404, {"message": "Not Found"}),
        "conflict": (409, {"message": "It runs."}),
        "too large": (413, {"message": "Payload Too Large"}),
        "key reused": (
            422,
            {
                "detail": [
                    {
                        "loc": ["header", "idempotency-key"],
                        "msg": "This key stands for another request.",
                        "type": "value_error",
                    }
                ]
            },
        ),
        "rate": (429, {"error": "Rate limit exceeded."}),
        "jobs": (429, {"error": "Rate limit exceeded."}),
        "fault": (500, {"message": "The server failed; its log says where."}),
        "failed job": (500, {"message": "Nothing was spoken."}),
        "not offered": (501, {"message": "There is no translation of speech here."}),
        "not now": (503, {"message": "The disk is full."}),
        "not installed": (503, {"message": "Run `voxhall models pull whisper-small`."}),
    },
    "deapi": {
        "unauthorized": (401, {"message": "Unauthenticated."}),
        "out of credits": (422, {"message": OUT_SAID, "errors": {"balance": [OUT_SAID]}}),
        "forbidden": (403, {"message": "Not over HTTP."}),
        "quota": (403, {"message": "There are 100 voices."}),
        "not found": (404, {"message": "No query results for the requested resource."}),
        "conflict": (409, {"message": "It runs."}),
        "too large": (413, {"message": "The request is too large."}),
        "key reused": (
            422,
            {
                "message": "This key stands for another request.",
                "errors": {"idempotency_key": ["This key stands for another request."]},
            },
        ),
        "rate": (429, {"message": "Too Many Attempts."}),
        "jobs": (429, {"message": "Three jobs are unfinished."}),
        "fault": (500, {"message": "Server Error"}),
        "failed job": (500, {"message": "Nothing was spoken."}),
        "not offered": (501, {"message": "There is no translation of speech here."}),
        "not now": (503, {"message": "The disk is full."}),
        "not installed": (
            422,
            {
                "message": "Run `voxhall models pull whisper-small`.",
                "errors": {"model": ["Run `voxhall models pull whisper-small`."]},
            },
        ),
    },
    "ttsai": {
        "unauthorized": (401, _ttsai("A key is needed.", "unauthorized", "unauthorized")),
        "out of credits": (
            402,
            {
                "error": {
                    "code": "insufficient_credits",
                    "message": OUT_SAID,
                    "type": "insufficient_credits",
                    "param": None,
                    "characters_required": 900,
                    "characters_available": 25,
                },
                "message": OUT_SAID,
                "credits_needed": 900,
                "credits_remaining": 25,
            },
        ),
        "forbidden": (403, _ttsai("Not over HTTP.", "forbidden", "forbidden")),
        "quota": (403, _ttsai("There are 100 voices.", "forbidden", "quota_exceeded")),
        "not found": (404, _ttsai("There is no such job.", "not_found", "not_found")),
        "conflict": (400, _ttsai("It runs.", "bad_request", "conflict")),
        "too large": (413, _ttsai("The upload is larger than 1 MB.", "file_too_large", "upload_too_large", "file")),
        "key reused": (422, _ttsai("This key stands for another request.", "bad_request", "idempotency_key_reused")),
        "rate": (429, _ttsai("Too many requests.", "rate_limited", "rate_limited")),
        "jobs": (429, _ttsai("Three jobs are unfinished.", "rate_limited", "too_many_jobs")),
        "fault": (500, _ttsai("The server failed; its log says where.", "internal_error", "internal_error")),
        "failed job": (500, _ttsai("Nothing was spoken.", "internal_error", "not_spoken")),
        "not offered": (501, _ttsai("There is no translation of speech here.", "not_implemented", "not_offered")),
        "not now": (503, _ttsai("The disk is full.", "model_loading", "unavailable")),
        "not installed": (
            400,
            _ttsai(
                "Unknown model. Run `voxhall models pull whisper-small`.", "bad_request", "model_not_installed", "model"
            ),
        ),
    },
    "hamsa": {
        "unauthorized": (401, {"code": 401, "message": "A key is needed."}),
        "out of credits": (402, {"code": 402, "message": OUT_SAID}),
        "forbidden": (403, {"code": 403, "message": "Not over HTTP."}),
        "quota": (403, {"code": 403, "message": "There are 100 voices."}),
        "not found": (404, {"code": 404, "message": "There is no such job."}),
        "conflict": (409, {"code": 409, "message": "It runs."}),
        "too large": (413, {"code": 413, "message": "The upload is larger than 1 MB."}),
        "key reused": (422, {"code": 422, "message": "This key stands for another request."}),
        "rate": (429, {"code": 429, "message": "Too many requests."}),
        "jobs": (429, {"code": 429, "message": "Three jobs are unfinished."}),
        "fault": (500, {"code": 500, "message": "The server failed; its log says where."}),
        "failed job": (500, {"code": 500, "message": "Nothing was spoken."}),
        "not offered": (501, {"code": 501, "message": "There is no translation of speech here."}),
        "not now": (503, {"code": 503, "message": "The disk is full."}),
        "not installed": (503, {"code": 503, "message": "Run `voxhall models pull whisper-small`."}),
    },
    "voxhall": {
        "unauthorized": (401, _voxhall("unauthorized", "A key is needed.")),
        "out of credits": (402, _voxhall("insufficient_credits", OUT_SAID)),
        "forbidden": (403, _voxhall("forbidden", "Not over HTTP.")),
        "quota": (403, _voxhall("quota_exceeded", "There are 100 voices.")),
        "not found": (404, _voxhall("not_found", "There is no such job.")),
        "conflict": (409, _voxhall("conflict", "It runs.")),
        "too large": (413, _voxhall("upload_too_large", "The upload is larger than 1 MB.", "file")),
        "key reused": (422, _voxhall("idempotency_key_reused", "This key stands for another request.")),
        "rate": (429, _voxhall("rate_limited", "Too many requests.")),
        "jobs": (429, _voxhall("too_many_jobs", "Three jobs are unfinished.")),
        "fault": (500, _voxhall("internal_error", "The server failed; its log says where.")),
        "failed job": (500, _voxhall("not_spoken", "Nothing was spoken.")),
        "not offered": (501, _voxhall("not_offered", "There is no translation of speech here.")),
        "not now": (503, _voxhall("unavailable", "The disk is full.")),
        "not installed": (503, _voxhall("model_not_installed", "Run `voxhall models pull whisper-small`.", "model")),
    },
}
ROWS = {
    "no key, wrong key": "unauthorized",
    "credits spent": "out of credits",
    "forbidden, or a quota of voices is full": "forbidden",
    "no such job, file, voice": "not found",
    "not in this state": "conflict",
    "body too large": "too large",
    "Idempotency-Key of another request": "key reused",
    "too many requests": "rate",
    "the server failed": "fault",
    "offered by the API, not by this server": "not offered",
    "not now": "not now",
}
"""Of the table in `docs/compatibility.md` whose columns are the dialects."""

SCHEMES = {"openai": "Bearer", "deapi": "Bearer", "ttsai": "Bearer", "hamsa": "Token", "voxhall": "Bearer"}


def _raising(error: VoxhallError) -> Callable[[], None]:
    def endpoint() -> None:
        raise error

    return endpoint


@pytest.mark.parametrize("dialect", EXPECTED)
def test_every_status(client: TestClient, app: FastAPI, dialect: str) -> None:
    for name, error in RAISED.items():
        path = PLACES[dialect] + name.replace(" ", "-")
        app.add_api_route(path, _raising(error))
        answer = client.get(path)
        assert (answer.status_code, answer.json()) == EXPECTED[dialect][name], name
        assert answer.headers["content-type"] == "application/json", name
        assert answer.headers.get("retry-after") == {"rate": "7", "jobs": "5"}.get(name), name
        authenticate = SCHEMES.get(dialect) if name == "unauthorized" else None
        assert answer.headers.get("www-authenticate") == authenticate, name


@pytest.mark.parametrize("dialect", EXPECTED)
def test_the_unexpected_is_answered_as_a_fault(client: TestClient, app: FastAPI, dialect: str) -> None:
    def endpoint() -> None:
        raise RuntimeError("unexpected")

    app.add_api_route(PLACES[dialect], endpoint)
    answer = client.get(PLACES[dialect])
    assert (answer.status_code, answer.json()) == EXPECTED[dialect]["fault"]


def test_the_documented_table_has_the_same_statuses() -> None:
    page = (ROOT / "docs" / "compatibility.md").read_text()
    lines = [line for line in page.partition("## Errors, by API")[2].splitlines() if line.startswith("| ")]
    head, *rows = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]
    told = {row[0]: [cell[:3] for cell in row[1:]] for row in rows}
    assert head[1:] == ["OpenAI", "TwinTune", "deAPI", "TTS.ai", "Hamsa", "Voxhall"]
    assert {row: told[row] for row in ROWS} == {
        row: [str(expected[name][0]) for expected in EXPECTED.values()] for row, name in ROWS.items()
    }


def test_openais_own_table_has_every_status_and_code() -> None:
    page = (ROOT / "docs" / "compatibility.md").read_text().partition("## TwinTune")[0]
    rows = re.findall(r"^\| (\d{3}) \| (.+?) \|", page.partition("### Errors")[2], re.MULTILINE)
    told = {(int(status), code) for status, codes in rows for code in re.findall(r"`(\w+)`", codes)}
    said = {(status, body["error"]["code"]) for status, body in EXPECTED["openai"].values()}
    assert said - told - {(500, "not_spoken")} == set()


@pytest.mark.parametrize("name", ["out of credits", "failed job", "not offered"])
def test_openais_client_does_not_ask_again_where_that_is_no_use(client: TestClient, app: FastAPI, name: str) -> None:
    path = PLACES["openai"]
    app.add_api_route(path, _raising(RAISED[name]))
    assert client.get(path).headers["x-should-retry"] == "false"


@pytest.mark.parametrize("dialect", EXPECTED)
def test_no_such_route(client: TestClient, dialect: str) -> None:
    path = PLACES[dialect]
    said = f"The route {path.lstrip('/')} could not be found."
    assert (
        client.get(path).json()
        == {
            "openai": _openai(said, INVALID, "not_found"),
            "twintune": {"message": "Not Found"},
            "deapi": {"message": said},
            "ttsai": _ttsai(said, "not_found", "not_found"),
            "hamsa": {"code": 404, "message": said},
            "voxhall": _voxhall("not_found", said),
        }[dialect]
    )


@pytest.mark.parametrize(
    ("dialect", "path"),
    [
        ("openai", "/v1/audio/speech"),
        ("twintune", "/v1/inferences-tts"),
        ("deapi", "/api/v1/client/txt2audio"),
        ("ttsai", "/v1/tts/"),
        ("hamsa", "/v1/jobs/text-to-speech"),
        ("voxhall", "/jobs"),
    ],
)
def test_a_key_that_nobody_gave_out(client: TestClient, dialect: str, path: str) -> None:
    answer = client.post(path, json={}, headers={"Authorization": "Bearer vox-wrong", "x-api-key": "vox-wrong"})
    assert answer.status_code == EXPECTED[dialect]["unauthorized"][0]
    assert answer.json().keys() == EXPECTED[dialect]["unauthorized"][1].keys()
    assert answer.headers.get("www-authenticate") == SCHEMES.get(dialect)
