"""What the app needs to know of a dialect."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from fastapi import APIRouter
from fastapi.exceptions import RequestValidationError
from starlette.responses import Response

from jobs.errors import (
    Conflict,
    Forbidden,
    InvalidRequest,
    JobFailed,
    KeyReused,
    NoSavedVoice,
    NotFound,
    NotOffered,
    NoVoiceForLanguage,
    OutOfCredits,
    QuotaExceeded,
    RateLimited,
    Unauthorized,
    Unavailable,
    UploadTooLarge,
    VoxhallError,
)
from server.documenting import Schema
from server.rates import Rate

STATUS: dict[type[VoxhallError], int] = {
    NoVoiceForLanguage: 404,
    NoSavedVoice: 404,
    KeyReused: 422,
    InvalidRequest: 400,
    Unauthorized: 401,
    OutOfCredits: 402,
    RateLimited: 429,
    NotOffered: 501,
    NotFound: 404,
    Conflict: 409,
    Forbidden: 403,
    QuotaExceeded: 403,
    UploadTooLarge: 413,
    Unavailable: 503,
    JobFailed: 500,
}

OF_FAILED_JOBS = {
    "invalid_request": 400,
    "unreadable_audio": 400,
    "audio_too_long": 400,
    "not_a_voice": 400,
    "bad_reference": 400,
    "source_refused": 400,
    "source_failed": 400,
    "upload_too_large": 413,
    "quota_exceeded": 403,
    "unknown_voice": 404,
    "conflict": 409,
    "unavailable": 503,
    "model_not_installed": 503,
    "model_unavailable": 503,
    "out_of_memory": 503,
    "timed_out": 503,
}
"""The status of a job that failed with this code.

4xx: its caller may mend it. A voice that is unknown then was removed while the job waited. 503: the same request may
succeed later, or once the operator has done what the message says. All others are 500, such as `not_spoken`: nobody
can say what would help.
"""


class NoRoute(NotFound):
    """No endpoint has this path."""


def status_of(error: VoxhallError) -> int:
    if isinstance(error, JobFailed) and error.code in OF_FAILED_JOBS:
        return OF_FAILED_JOBS[error.code]
    return next((status for kind, status in STATUS.items() if isinstance(error, kind)), 500)


class RenderError(Protocol):
    def __call__(self, error: VoxhallError, status: int) -> Response: ...


class RenderInvalid(Protocol):
    def __call__(self, error: RequestValidationError) -> Response: ...


def no_headers(_rate: Rate) -> Mapping[str, str]:
    return {}


@dataclass(frozen=True, slots=True)
class Dialect:
    """One public API: its routes, the paths that are its own, and the shape of its errors."""

    name: str
    router: APIRouter
    prefixes: tuple[str, ...]
    """Paths that begin so are answered in this dialect, errors that no handler raised included. Where paths of two
    dialects begin alike, the longer prefix decides."""

    error: RenderError
    invalid: RenderInvalid
    """Renders what FastAPI itself found wrong with a request."""

    schemas: Mapping[int, Schema]
    """JSON Schemas of its errors by status, for the reference."""

    paths: tuple[str, ...] = ()
    """Whole paths that are its own, though what begins with them is another's."""

    shared: Mapping[str, str] = field(default_factory=dict)
    """Whole paths of another dialect that a client of this one calls, too: how that client's `User-Agent` begins. It is
    answered there by the other's route, with the errors and headers that it knows."""

    keyless: tuple[str, ...] = ()
    """Where a POST may come without a key, if the server is set so."""

    largest_upload: int | None = None
    """Bytes, where the API documents a limit."""

    recordings_in_json: tuple[str, ...] = ()
    """Paths whose JSON may be as large as a form: it holds an upload, in Base64 or as numbers, or many texts."""

    rate_headers: Callable[[Rate], Mapping[str, str]] = no_headers
    """What every answer to a known key tells of its rate, where the API documents such headers."""

    uncounted: tuple[str, ...] = ()
    """Ends of paths whose POSTs submit nothing, and do not count as requests."""
