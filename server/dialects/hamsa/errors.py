"""Hamsa's errors: `{"code", "message"}`, where the code is the status."""

from fastapi.exceptions import RequestValidationError
from starlette.responses import JSONResponse, Response

from jobs.errors import UnknownVoice, VoxhallError
from server.documenting import fields, text
from server.invalid import first_problem

SCHEMAS = {
    status: fields(code={"type": "integer", "const": status}, message=text())
    for status in (400, 401, 402, 403, 404, 409, 413, 422, 429, 500, 501, 503)
}
"""Its errors by status, for the reference."""


def error(error: VoxhallError, status: int) -> Response:
    status = 404 if error.code == UnknownVoice.code else status
    headers = {"WWW-Authenticate": "Token"} if status == 401 else None
    return JSONResponse({"code": status, "message": error.message}, status_code=status, headers=headers)


def invalid(error: RequestValidationError) -> Response:
    _, said = first_problem(error)
    return JSONResponse({"code": 400, "message": said}, status_code=400)
