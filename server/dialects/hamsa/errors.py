"""Hamsa's errors: `{"code", "message"}`, where the code is the status."""

from fastapi.exceptions import RequestValidationError
from starlette.responses import JSONResponse, Response

from jobs.errors import UnknownVoice, VoxhallError


def error(error: VoxhallError, status: int) -> Response:
    status = 404 if error.code == UnknownVoice.code else status
    headers = {"WWW-Authenticate": "Token"} if status == 401 else None
    return JSONResponse({"code": status, "message": error.message}, status_code=status, headers=headers)


def invalid(error: RequestValidationError) -> Response:
    problem = error.errors()[0]
    place = ".".join(str(part) for part in problem["loc"][1:]) or "body"
    said = problem["msg"].removeprefix("Value error, ")
    return JSONResponse({"code": 400, "message": f"{place}: {said}"}, status_code=400)
