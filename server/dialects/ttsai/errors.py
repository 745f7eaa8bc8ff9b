"""TTS.ai's errors: `{"error": {"code", "message"}, "message"}`.

The documentation has the object alone. Clients of the flat form (Ruby, Rust, the narrator) read the `message` beside
it, and with a 402 `credits_needed` and `credits_remaining`, which the Python client reads there, too.
"""

from typing import Any

from fastapi.exceptions import RequestValidationError
from starlette.responses import JSONResponse, Response

from jobs.errors import InvalidRequest, ModelNotInstalled, OutOfCredits, UnknownModel, UnknownVoice, VoxhallError
from server.documenting import fields, text
from server.invalid import first_problem

CODES = {
    400: "bad_request",
    401: "unauthorized",
    402: "insufficient_credits",
    403: "forbidden",
    404: "not_found",
    413: "file_too_large",
    429: "rate_limited",
    500: "internal_error",
    501: "not_implemented",
    503: "model_loading",
}
"""The documented ones. They say no more than the status; `type` beside them is Voxhall's own code."""

PARAMS = {"instruct": "instructions", "reference": "reference_audio", "guidance": "boost", "audio": "file"}
"""TTS.ai's names of what a spec calls otherwise."""

LEAD = "Unknown model."
"""The Python client looks for these words in a 400, and raises `ModelNotFoundError`."""

COUNT = {"type": "integer"}
SAID = fields(
    {"characters_required": COUNT, "characters_available": COUNT},
    code=text(),
    message=text(),
    type=text(),
    param=text(null=True),
)
SCHEMAS = dict.fromkeys(
    (400, 401, 402, 403, 404, 413, 422, 429, 500, 501, 503),
    fields({"credits_needed": COUNT, "credits_remaining": COUNT}, error=SAID, message=text()),
)
"""Its errors by status, for the reference. A conflict is a 400."""


def error(error: VoxhallError, status: int) -> Response:
    message = error.message
    if isinstance(error, UnknownModel | ModelNotInstalled):
        status, message = 400, f"{LEAD} {message}"
    elif error.code == UnknownVoice.code:
        status = 404
    status = 400 if status == 409 else status  # which TTS.ai does not know
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else None
    body = _body(status, message, error.code, PARAMS.get(error.param or "", error.param))
    if isinstance(error, OutOfCredits):
        body["error"] |= {"characters_required": error.required, "characters_available": error.available}
        body |= {"credits_needed": error.required, "credits_remaining": error.available}
    return JSONResponse(body, status_code=status, headers=headers)


def invalid(error: RequestValidationError) -> Response:
    place, message = first_problem(error)
    return JSONResponse(_body(400, message, InvalidRequest.code, place), status_code=400)


def _body(status: int, message: str, kind: str, param: str | None) -> dict[str, Any]:
    code = CODES.get(status, "bad_request" if status < 500 else "internal_error")
    return {"error": {"code": code, "message": message, "type": kind, "param": param}, "message": message}
