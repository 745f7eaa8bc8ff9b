"""TwinTune's errors: `{"message"}`, `{"detail"}` in the words of pydantic v1, or `{"error"}` for too many requests."""

import json
from typing import Any

from fastapi.exceptions import RequestValidationError
from starlette.responses import JSONResponse, Response

from jobs.errors import InvalidRequest, KeyReused, TextTooLong, UnknownVoice, UnreadableUpload, VoxhallError
from server.documenting import fields, text

LONGEST = 1000
"""Characters of `tts_text`."""

LONGER = {
    "msg": f"ensure this value has at most {LONGEST} characters",
    "type": "value_error.any_str.max_length",
    "ctx": {"limit_value": LONGEST},
}
WRONG_FILE = "Invalid file type, use: ['audio/x-wav', 'audio/mpeg', 'audio/flac']"
PLACES = {"text": ("body", "tts_text"), "voice": ("body", "tts_voice"), "modelId": ("query", "modelId")}
"""Where a caller wrote what a refusal names."""

WORDS = {
    "missing": ("field required", "value_error.missing"),
    "string_type": ("str type expected", "type_error.str"),
    "string_unicode": ("str type expected", "type_error.str"),
    "model_attributes_type": ("value is not a valid dict", "type_error.dict"),
    "string_too_short": ("ensure this value has at least {} characters", "value_error.any_str.min_length"),
    "string_too_long": ("ensure this value has at most {} characters", "value_error.any_str.max_length"),
    "float_parsing": ("value is not a valid float", "type_error.float"),
    "int_parsing": ("value is not a valid integer", "type_error.integer"),
    "greater_than_equal": ("ensure this value is greater than or equal to {}", "value_error.number.not_ge"),
    "less_than_equal": ("ensure this value is less than or equal to {}", "value_error.number.not_le"),
}
"""Pydantic v1's message and type for each of v2's, as far as clients can meet them. `{}` is the limit."""

LIMITS = ("ge", "le", "min_length", "max_length")

PROBLEM = fields(
    {"ctx": {"type": "object"}},
    loc={"type": "array", "items": {"type": ["string", "integer"]}},
    msg=text(),
    type=text(),
)
SCHEMAS = dict.fromkeys((400, 402, 403, 404, 409, 413, 500, 501, 503), fields(message=text())) | {
    422: fields(detail={"type": "array", "items": PROBLEM, "minItems": 1}),
    429: fields(error=text()),
}
"""Its errors by status, for the reference. A missing key is a 403."""


def error(error: VoxhallError, status: int) -> Response:
    if isinstance(error, UnreadableUpload):
        return JSONResponse({"message": WRONG_FILE}, status_code=402)
    if isinstance(error, InvalidRequest) and (status == 400 or isinstance(error, UnknownVoice)):
        problem: dict[str, Any] = {"loc": PLACES.get(error.param or "", ("body", error.param or ""))}
        problem |= LONGER if isinstance(error, TextTooLong) else {"msg": error.message, "type": "value_error"}
        return JSONResponse({"detail": [problem]}, status_code=422)
    if isinstance(error, KeyReused):
        problem = {"loc": ("header", "idempotency-key"), "msg": error.message, "type": "value_error"}
        return JSONResponse({"detail": [problem]}, status_code=422)
    if status == 429:
        return JSONResponse({"error": "Rate limit exceeded."}, status_code=429)
    fixed = {401: (403, "Forbidden"), 404: (404, "Not Found"), 413: (413, "Payload Too Large")}
    status, message = fixed.get(status, (status, error.message))
    return JSONResponse({"message": message}, status_code=status)


def invalid(error: RequestValidationError) -> Response:
    problems = [_no_json(problem, error.body) or _problem(problem) for problem in error.errors()]
    return JSONResponse({"detail": problems}, status_code=422)


def _no_json(problem: dict[str, Any], body: Any) -> dict[str, Any] | None:
    """Pydantic v1 told all that Python's parser knows. None: it is another problem."""
    if problem["type"] != "json_invalid":
        return None
    place = list(problem["loc"])
    found = json.JSONDecodeError(problem["ctx"]["error"], body, place[-1])
    return {"loc": place, "msg": str(found), "type": "value_error.jsondecode", "ctx": vars(found)}


def _problem(problem: dict[str, Any]) -> dict[str, Any]:
    place = list(problem["loc"])
    message, kind = WORDS.get(problem["type"], (problem["msg"].removeprefix("Value error, "), "value_error"))
    # Every limit is a whole number; v2 turns those of a float into floats.
    limit = next((int(bound) for name, bound in problem.get("ctx", {}).items() if name in LIMITS), None)
    if limit is None:
        return {"loc": place, "msg": message, "type": kind}
    return {"loc": place, "msg": message.format(limit), "type": kind, "ctx": {"limit_value": limit}}
