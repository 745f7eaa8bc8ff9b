"""`strict_models=true`: the model that was asked for, or 404. A request may say so in its query or in its form."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, Query, Request
from pydantic import TypeAdapter, ValidationError
from starlette.datastructures import FormData

from jobs.errors import InvalidRequest
from server.forms import is_form

NAME = "strict_models"
_BOOL = TypeAdapter(bool)

Asked = Annotated[
    bool | None, Query(description="404 where another model would stand in for the one that was asked for")
]


async def _strict(request: Request, strict_models: Asked = None) -> AsyncIterator[bool]:
    """Raises `InvalidRequest` where the form's value is neither true nor false."""
    if strict_models is not None or not is_form(request):
        yield bool(strict_models)
        return
    # Starlette reads a form once and keeps it, so the route has it, too.
    async with request.form() as form:
        yield _said(form)


def _said(form: FormData) -> bool:
    try:
        return _BOOL.validate_python(form.get(NAME) or False)
    except ValidationError as error:
        raise InvalidRequest(f"`{NAME}` is true or false.", param=NAME) from error


StrictModels = Annotated[bool, Depends(_strict)]
