"""`{"error": {"code", "message", "param"}}`."""

from fastapi.exceptions import RequestValidationError
from starlette.responses import JSONResponse, Response

from jobs.errors import VoxhallError
from server.documenting import fields, text
from server.invalid import first_problem

SCHEMAS = dict.fromkeys(
    (400, 401, 402, 403, 404, 409, 413, 422, 429, 500, 501, 503),
    fields(error=fields(code=text(), message=text(), param=text(null=True))),
)
"""Our errors by status, for the reference."""


def error(error: VoxhallError, status: int) -> Response:
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else None
    body = {"error": {"code": error.code, "message": error.message, "param": error.param}}
    return JSONResponse(body, status_code=status, headers=headers)


def invalid(error: RequestValidationError) -> Response:
    place, message = first_problem(error)
    return JSONResponse({"error": {"code": "invalid_request", "message": message, "param": place}}, status_code=400)
