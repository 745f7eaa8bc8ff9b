"""What a caller has said, as a digest: the same words and files give the same, whatever the server makes of them."""

import hashlib
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import BinaryIO
from urllib.parse import parse_qsl

from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile

from jobs.settings import MEBIBYTE
from server.body_limit import LONGEST_JSON
from server.forms import is_form


@asynccontextmanager
async def digest_of(request: Request) -> AsyncIterator[str]:
    """Of path, query and body: fields and files of a form in any order of their names, JSON in any layout.

    Starlette keeps the body or the form that it has read, so the route has it, too; a form's files are open for as
    long as the block runs.
    """
    place = [request.url.path, sorted(parse_qsl(request.url.query, keep_blank_values=True))]
    if is_form(request):
        async with request.form() as form:
            yield await run_in_threadpool(_digest, place, form)
    else:
        body = await request.body()
        yield await run_in_threadpool(_digest, place, body)


def _digest(place: Sequence[object], said: FormData | bytes) -> str:
    told = _fields(said) if isinstance(said, FormData) else _canonical(said)
    return hashlib.sha256(json.dumps([place, told], sort_keys=True).encode()).hexdigest()


def _fields(form: FormData) -> list[tuple[str, str, str]]:
    """By name; several of one name in their own order."""
    found = [
        (name, "file", _content(value.file)) if isinstance(value, UploadFile) else (name, "field", value)
        for name, value in form.multi_items()
    ]
    return sorted(found, key=lambda field: field[0])


def _content(file: BinaryIO) -> str:
    """Its digest; the file is at its beginning then."""
    found = hashlib.sha256()
    file.seek(0)
    while block := file.read(MEBIBYTE):
        found.update(block)
    file.seek(0)
    return found.hexdigest()


def _canonical(body: bytes) -> str:
    if len(body) > LONGEST_JSON:
        return hashlib.sha256(body).hexdigest()  # a recording; reading millions of numbers would hold up all others
    try:
        return json.dumps(json.loads(body), sort_keys=True)
    except (ValueError, RecursionError):
        return hashlib.sha256(body).hexdigest()  # no JSON, which the route may refuse
