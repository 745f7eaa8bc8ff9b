"""What comes as JSON or as a form: clients send a form where there is a file, and JSON where there is none."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError

Body = TypeVar("Body", bound=BaseModel)

FORMS = ("multipart/form-data", "application/x-www-form-urlencoded")


@asynccontextmanager
async def parsed(request: Request, kind: type[Body]) -> AsyncIterator[Body]:
    """The body as `kind`, its files open for as long as the block runs. A field of a form that is empty was not given.

    Raises:
        RequestValidationError
    """
    try:
        yield _valid(await _fields(request), kind)
    finally:
        await request.close()


def openapi_of(kind: type[BaseModel]) -> dict[str, Any]:
    """For a route's `openapi_extra`: the body in both forms."""
    schema = kind.model_json_schema(ref_template="#/components/schemas/{model}")
    content = {form: {"schema": schema} for form in ("application/json", "multipart/form-data")}
    return {"requestBody": {"required": True, "content": content}}


def _valid(fields: Mapping[str, Any], kind: type[Body]) -> Body:
    try:
        return kind.model_validate(fields)
    except ValidationError as error:
        problems = error.errors(include_url=False)
        raise RequestValidationError([{**problem, "loc": ("body", *problem["loc"])} for problem in problems]) from error


async def _fields(request: Request) -> Mapping[str, Any]:
    if request.headers.get("content-type", "").startswith(FORMS):
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
