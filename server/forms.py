"""What comes as JSON or as a form: clients send a form where there is a file, and JSON where there is none."""

import json
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError

Body = TypeVar("Body", bound=BaseModel)

FORMS = ("multipart/form-data", "application/x-www-form-urlencoded")


def is_form(request: Request) -> bool:
    """Whether the body is a form, by its content type."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower() in FORMS


@asynccontextmanager
async def parsed(request: Request, kind: type[Body]) -> AsyncIterator[Body]:
    """The body as `kind`, its files open for as long as the block runs. A field of a form that is empty was not given.

    Raises:
        RequestValidationError
    """
    try:
        yield validated(kind, await _fields(request))
    finally:
        await request.close()


def openapi_of(
    kind: type[BaseModel], forms: Collection[str] = ("application/json", "multipart/form-data")
) -> dict[str, Any]:
    """For a route's `openapi_extra`: the body in each of its forms."""
    schema = kind.model_json_schema(ref_template="#/components/schemas/{model}")
    content = {form: {"schema": schema} for form in forms}
    return {"requestBody": {"required": True, "content": content}}


def validated(kind: type[Body], given: Mapping[str, Any] | bytes) -> Body:
    """What was given, perhaps as JSON. Raises `RequestValidationError`."""
    try:
        return kind.model_validate_json(given) if isinstance(given, bytes) else kind.model_validate(given)
    except ValidationError as error:
        problems = error.errors(include_url=False)
        raise RequestValidationError([{**problem, "loc": ("body", *problem["loc"])} for problem in problems]) from error


async def _fields(request: Request) -> Mapping[str, Any]:
    if is_form(request):
        return {name: value for name, value in (await request.form()).items() if value != ""}
    try:
        fields = json.loads(await request.body() or b"{}")
    except (ValueError, RecursionError) as error:
        raise _no_body("the body is no JSON") from error
    if not isinstance(fields, dict):
        raise _no_body("the body is no JSON object")
    return {name: value for name, value in fields.items() if value is not None}


def _no_body(said: str) -> RequestValidationError:
    return RequestValidationError([{"type": "json_invalid", "loc": ("body",), "msg": said}])
