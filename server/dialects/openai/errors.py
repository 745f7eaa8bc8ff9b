"""`{"error": {"message", "type", "param", "code"}}`; the client picks its exception class by the status."""

from fastapi.exceptions import RequestValidationError
from starlette.responses import JSONResponse, Response

from jobs.errors import InvalidRequest, JobFailed, OutOfCredits, UnknownModel, VoxhallError
from server.documenting import fields, text
from server.invalid import first_problem

PARAMS = {
    "text": "input",
    "format": "response_format",
    "instruct": "instructions",
    "hotwords": "keywords[]",
    "languages": "languages[]",
    "known_speakers": "known_speaker_names[]",
    "threshold": "chunking_strategy[threshold]",
    "silence_ms": "chunking_strategy[silence_duration_ms]",
    "padding_ms": "chunking_strategy[prefix_padding_ms]",
}
"""OpenAI's names of what a spec calls otherwise."""

CODES = {
    "unauthorized": "invalid_api_key",
    "unknown_model": "model_not_found",
    "insufficient_credits": "insufficient_quota",
    "rate_limited": "rate_limit_exceeded",
    "too_many_jobs": "rate_limit_exceeded",
}
"""OpenAI's codes that clients look at. The others are Voxhall's own, which say more."""

TYPES = {"insufficient_credits": "insufficient_quota", "rate_limited": "requests", "too_many_jobs": "requests"}
"""OpenAI's types that are not of the status alone."""

SCHEMAS = dict.fromkeys(
    (400, 401, 403, 404, 409, 413, 422, 429, 500, 501, 503),
    fields(error=fields(message=text(), type=text(), param=text(null=True), code=text(null=True))),
)
"""Its errors by status, for the reference. Spent credits are a 429."""


class Unsupported(InvalidRequest):
    """A value that is right in itself, but not together with the others."""

    code = "unsupported_value"


def error(error: VoxhallError, status: int) -> Response:
    headers = {}
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, JobFailed):
        # The queue has tried again already, where that helps; the client would do so twice more.
        headers["x-should-retry"] = "false"
    if isinstance(error, OutOfCredits):
        # OpenAI has no 402. A client would wait and try again, which is no use until somebody raises the quota.
        status, headers["x-should-retry"] = 429, "false"
    if status in (409, 501):
        # A second try ends as the first one did.
        headers["x-should-retry"] = "false"
    status = 404 if isinstance(error, UnknownModel) else status
    return JSONResponse(body(error, status), status_code=status, headers=headers)


def body(error: VoxhallError, status: int) -> dict[str, object]:
    """The error as OpenAI says it: the body of an answer, or the data of an event."""
    kind = TYPES.get(error.code) or ("invalid_request_error" if status < 500 else "server_error")
    param = PARAMS.get((error.param or "").partition(".")[0], error.param)
    code = "invalid_value" if param and error.code == InvalidRequest.code else CODES.get(error.code, error.code)
    return _body(error.message, kind, param, code)


def invalid(error: RequestValidationError) -> Response:
    problem = error.errors()[0]
    # Where the body is no JSON, the place is an offset instead of a field.
    param = next((place for place in problem["loc"][1:2] if isinstance(place, str)), None)
    code = "missing_required_parameter" if problem["type"] == "missing" else "invalid_value"
    _, message = first_problem(error)
    content = _body(message, "invalid_request_error", param, code if param else InvalidRequest.code)
    return JSONResponse(content, status_code=400)


def _body(message: str, kind: str, param: str | None, code: str) -> dict[str, object]:
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}
