"""`{"error": {"message", "type", "param", "code"}}`; the client picks its exception class by the status."""

from fastapi.exceptions import RequestValidationError
from starlette.responses import JSONResponse, Response

from jobs.errors import VoxhallError

PARAMS = {"text": "input", "format": "response_format"}
"""OpenAI's names of what a spec calls otherwise."""


def error(error: VoxhallError, status: int) -> Response:
    kind = "invalid_request_error" if status < 500 else "server_error"
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else None
    param = PARAMS.get(error.param or "", error.param)
    return _response(status, error.message, kind, param, error.code, headers)


def invalid(error: RequestValidationError) -> Response:
    problem = error.errors()[0]
    # Where the body is no JSON, the place is an offset instead of a field.
    place = () if problem["type"] == "json_invalid" else problem["loc"][1:2]
    param = str(place[0]) if place else None
    return _response(400, f"{param or 'body'}: {problem['msg']}", "invalid_request_error", param, "invalid_request")


def _response(
    status: int, message: str, kind: str, param: str | None, code: str, headers: dict[str, str] | None = None
) -> Response:
    body = {"error": {"message": message, "type": kind, "param": param, "code": code}}
    return JSONResponse(body, status_code=status, headers=headers)
