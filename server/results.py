"""Result files: links to them, and their bytes."""

import json
from typing import Any

from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from starlette.responses import FileResponse, Response, StreamingResponse

from jobs.errors import NotFound
from jobs.ledger import Job
from server.hall import Hall


def link(hall: Hall, request: Request, key: str, *, seconds: int | None = None) -> str:
    """A URL that serves the file at `key` without a key, until it expires."""
    seconds = seconds or hall.settings.link_seconds
    if url := hall.files.presigned(key, seconds):
        return url
    return base_url(hall, request) + hall.links.path(key, seconds=seconds)


def base_url(hall: Hall, request: Request) -> str:
    """What links begin with: the public URL of the settings, else the address that the caller used."""
    return str(hall.settings.public_url or request.base_url).rstrip("/")


def file_response(hall: Hall, key: str, media_type: str, headers: dict[str, str] | None = None) -> Response:
    """The stored file; with Range where it is in a folder. Raises `NotFound`, `Unavailable`.

    A bucket's is passed on and not pointed at: clients send a POST once more to where a redirect points, and some of
    them their key as well.
    """
    if hall.files.root:
        path = hall.files.root / key
        if not path.is_file():
            raise NotFound("The file is gone.")
        return FileResponse(path, media_type=media_type, headers=headers)
    size, pieces = hall.files.opened(key)
    length = {"Content-Length": str(size)}
    return StreamingResponse(pieces, media_type=media_type, headers=(headers or {}) | length)


def stored_transcript(hall: Hall, job: Job) -> dict[str, Any]:
    """Of a transcription job that succeeded. Raises `NotFound`."""
    content: dict[str, Any] = json.loads(hall.files.get(job.file))
    return content


async def transcript(hall: Hall, job: Job) -> dict[str, Any]:
    """The same, read in a thread."""
    return await run_in_threadpool(stored_transcript, hall, job)
