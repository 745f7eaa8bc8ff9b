"""What FastAPI found wrong with a request, in words for people; each dialect puts them into its own shape."""

from collections.abc import Mapping
from typing import Any

from fastapi.exceptions import RequestValidationError

NO_OBJECT = frozenset({"model_attributes_type", "dict_type"})


def first_problem(error: RequestValidationError) -> tuple[str | None, str]:
    """The field, None where it is the body as a whole; and a message that names it."""
    problem: Mapping[str, Any] = error.errors()[0]
    if problem["type"] == "json_invalid":
        return None, "The body is no JSON."
    place = ".".join(str(part) for part in problem["loc"][1:])
    if not place:
        return None, "Send a JSON object, with `Content-Type: application/json`."
    return place, f"{place}: {_said(problem)}"


def _said(problem: Mapping[str, Any]) -> str:
    if problem["type"] in NO_OBJECT:
        return "it must be an object"
    said: str = problem["msg"]
    return "a file is needed here" if "UploadFile" in said else said.removeprefix("Value error, ")
