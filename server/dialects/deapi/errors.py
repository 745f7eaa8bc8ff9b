"""deAPI's errors: `{"message"}`, and for a wrong value `{"message", "errors": {field: [texts]}}` with 422."""

from typing import Any

from fastapi.exceptions import RequestValidationError
from starlette.responses import JSONResponse, Response

from jobs.errors import (
    InvalidRequest,
    JobFailed,
    KeyReused,
    ModelNotInstalled,
    NotServed,
    NoVoiceForLanguage,
    OutOfCredits,
    TooManyJobs,
    UnknownVoice,
    VoxhallError,
)
from server.dialects.base import NoRoute
from server.documenting import fields, text

FIELDS = {"language": "lang", "reference": "ref_audio"}
"""deAPI's names of what a spec calls otherwise."""

FIXED = {
    401: "Unauthenticated.",
    404: "No query results for the requested resource.",
    413: "The request is too large.",
    429: "Too Many Attempts.",
    500: "Server Error",
}

WORDS = {
    "missing": "The {field} field is required.",
    "string_type": "The {field} field must be a string.",
    "float_type": "The {field} field must be a number.",
    "float_parsing": "The {field} field must be a number.",
    "finite_number": "The {field} field must be a number.",
    "int_type": "The {field} field must be an integer.",
    "int_parsing": "The {field} field must be an integer.",
    "int_from_float": "The {field} field must be an integer.",
    "greater_than_equal": "The {field} field must be at least {ge}.",
    "less_than_equal": "The {field} field must not be greater than {le}.",
    "string_too_long": "The {field} field must not be greater than {max_length} characters.",
    "bool_type": "The {field} field must be true or false.",
    "bool_parsing": "The {field} field must be true or false.",
    "string_too_short": "The {field} field must be at least {min_length} characters.",
    "literal_error": "The selected {field} is invalid. There are: {expected}.",
}
"""deAPI's words for pydantic's types, as far as clients can meet them."""

TEXTS = {"type": "array", "items": text(), "minItems": 1}
SCHEMAS = dict.fromkeys((400, 401, 403, 404, 409, 413, 429, 500, 501, 503), fields(message=text())) | {
    422: fields(message=text(), errors={"type": "object", "additionalProperties": TEXTS}),
}
"""Its errors by status, for the reference. Spent credits are a 422."""


def error(error: VoxhallError, status: int) -> Response:
    if isinstance(error, ModelNotInstalled):
        return wrong({"model": [error.message]})
    if isinstance(error, OutOfCredits):
        return wrong({"balance": [error.message]})
    if isinstance(error, KeyReused):
        return wrong({"idempotency_key": [error.message]})
    if isinstance(error, InvalidRequest) and (status == 400 or isinstance(error, NoVoiceForLanguage | UnknownVoice)):
        field = FIELDS.get(error.param or "", error.param)
        return wrong({field: [error.message]} if field else {}, error.message)
    says_more = isinstance(error, NoRoute | NotServed | TooManyJobs | JobFailed)
    message = error.message if says_more else FIXED.get(status, error.message)
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else None
    return JSONResponse({"message": message}, status_code=status, headers=headers)


def invalid(error: RequestValidationError) -> Response:
    errors: dict[str, list[str]] = {}
    for problem in error.errors():
        field = ".".join(str(part) for part in problem["loc"][1:])
        errors.setdefault(field, []).append(_said(field, problem))
    if "" in errors:
        return wrong({}, errors[""][0])
    return wrong(errors)


def wrong(errors: dict[str, list[str]], message: str | None = None) -> Response:
    """422. Without `message` it is the first of `errors`, and how many there are more."""
    texts = [text for field in errors.values() for text in field]
    more = len(texts) - 1
    first = message or (f"{texts[0]} (and {more} more error{'s' * (more > 1)})" if more else texts[0])
    return JSONResponse({"message": first, "errors": errors}, status_code=422)


def _said(field: str, problem: dict[str, Any]) -> str:
    words = WORDS.get(problem["type"])
    if words:
        return words.format(field=field, **problem.get("ctx", {}))
    said = str(problem["msg"]).removeprefix("Value error, ")
    if problem["type"] == "needed":
        return said
    if "UploadFile" in said:
        return f"The {field} field must be a file."
    return f"The {field} field: {said}." if field else f"{said}."
