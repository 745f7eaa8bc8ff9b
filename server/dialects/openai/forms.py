"""The forms that come with a file, and how much of a form is taken."""

from collections.abc import Callable, Coroutine
from typing import Annotated, Any

from fastapi import Request, UploadFile
from fastapi.routing import APIRoute
from pydantic import BaseModel, Field
from starlette.responses import Response

MOST_FILES = 10
MOST_FIELDS = 200
LARGEST_FIELD = 4 * 1024 * 1024
"""Bytes of a field that is no file. The default of 1 MB is too small for the recording of a known speaker."""

Temperature = Annotated[float, Field(ge=0, le=1)]


class AudioForm(BaseModel):
    """What transcriptions and translations have in common."""

    file: UploadFile
    model: str
    prompt: str | None = None
    temperature: Temperature = 0.0
    """OpenAI documents 0 as "raise it as needed", which is what Whisper does when no temperature is given."""


class FormRoute(APIRoute):
    """A route whose form may have fields of `LARGEST_FIELD`."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_form(request: Request) -> Response:
            return await handle(_FormRequest(request.scope, request.receive))

        return handle_form


class _FormRequest(Request):
    def form(self, **_limits: Any) -> Any:
        return super().form(max_files=MOST_FILES, max_fields=MOST_FIELDS, max_part_size=LARGEST_FIELD)
