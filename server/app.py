"""The app factory: every dialect's routes, and errors in the dialect whose path was called."""

import asyncio
import logging
import traceback
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial

from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import RedirectResponse, Response
from starlette.types import Scope

from jobs import heartbeat, tracing
from jobs.errors import (
    InvalidRequest,
    QueueFull,
    RateLimited,
    Restarting,
    Unauthorized,
    Unavailable,
    UploadTooLarge,
    VoxhallError,
)
from jobs.settings import MEBIBYTE, Settings
from server import files, health, metrics, pronunciations, reference, rvc_voices, saved_voices, usage
from server.arriving import Arriving
from server.body_limit import BodyLimit
from server.browsers import HEADERS, Browsers
from server.dialects import deapi, hamsa, openai, ttsai, twintune, voxhall
from server.dialects.base import Dialect, NoRoute, status_of
from server.documenting import DocumentedApp, Schema
from server.hall import open_hall
from server.hosts import MISDIRECTED, Hosts
from server.key_first import KeyFirst
from server.observing import Observing
from server.rates import Rate, RateLimit, headers_of
from server.repeating import Repeats
from server.request_ids import HEADER, RequestIds, request_id_of
from server.unread import Unread
from server.waiting import CallerGone

log = logging.getLogger(__name__)

DIALECTS: tuple[Dialect, ...] = (
    openai.dialect,
    twintune.dialect,
    deapi.dialect,
    ttsai.dialect,
    hamsa.dialect,
    voxhall.dialect,
)
"""Whose prefix of a path is the longest answers it; Voxhall's own fits every path."""

CLIENT_CLOSED_REQUEST = 499
KINDS: Mapping[int, type[VoxhallError]] = {401: Unauthorized, 503: Unavailable}
"""Of what `KeyFirst` refuses."""


def create_app(settings: Settings) -> FastAPI:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.hall = open_hall(settings)
        tracing.begin(settings, "api")
        living = asyncio.create_task(heartbeat.beat(settings.heartbeat_file)) if settings.heartbeat_file else None
        yield
        if living:
            living.cancel()
        await app.state.hall.events.close()
        app.state.hall.database.close()
        await run_in_threadpool(tracing.end)

    app = DocumentedApp(
        errors_of=_errors_of,
        title="Voxhall",
        summary="A private voice server that speaks the public voice APIs.",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        # `/v1/models` and `/v1/models/` may belong to different APIs, and a redirect turns a POST into a GET.
        redirect_slashes=False,
    )
    for dialect in DIALECTS:
        app.include_router(dialect.router)
    app.include_router(pronunciations.router)
    app.include_router(rvc_voices.router)
    app.include_router(usage.router)
    app.include_router(files.router)
    app.include_router(health.router)
    app.include_router(metrics.router)
    reference.add_to(app)
    app.add_api_route("/", lambda: RedirectResponse("/docs"), include_in_schema=False)
    app.add_middleware(KeyFirst, keyless=[path for dialect in DIALECTS for path in dialect.keyless])
    recordings = [path for dialect in DIALECTS for path in dialect.recordings_in_json]
    # Outside, so that the key is looked at before it.
    app.add_middleware(BodyLimit, limit=partial(largest_upload, settings), recordings=recordings)
    app.add_middleware(RateLimit, headers=_rate_headers, refuse=_refusal, counts=_counts)
    app.add_middleware(Repeats)
    app.add_middleware(Hosts, settings=settings, refuse=partial(_rendered, status=MISDIRECTED))
    app.add_middleware(Browsers, refuse=_refusal)
    app.add_middleware(Unread)
    app.add_middleware(RequestIds)  # whatever refuses a request, the answer has its id
    app.add_middleware(Observing, dialect=lambda scope: _spoken(scope).name)  # outside: it counts all of them
    app.add_middleware(Arriving)
    app.add_exception_handler(VoxhallError, _own)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(UnicodeEncodeError, _unwritable)
    app.add_exception_handler(CallerGone, _gone)
    app.add_exception_handler(ClientDisconnect, _gone)
    app.add_exception_handler(Exception, _unexpected)
    return app


def dialect_of(path: str, agent: str = "") -> Dialect:
    """Whose errors and headers an answer has; `agent` is the caller's `User-Agent`."""
    for dialect in DIALECTS:
        if path in dialect.shared and agent.startswith(dialect.shared[path]):
            return dialect
    if own := next((dialect for dialect in DIALECTS if path in dialect.paths), None):
        return own
    prefixes = {prefix: dialect for dialect in DIALECTS for prefix in dialect.prefixes}
    return prefixes[max((prefix for prefix in prefixes if path.startswith(prefix)), key=len, default="/")]


def _spoken(scope: Scope) -> Dialect:
    """The dialect of a request."""
    return dialect_of(scope["path"], Headers(scope=scope).get("user-agent", ""))


def _errors_of(path: str) -> tuple[str, Mapping[int, Schema]]:
    dialect = dialect_of(path)
    return dialect.name, dialect.schemas


def largest_upload(settings: Settings, path: str) -> int:
    """Bytes: the setting, or the limit of the path's dialect where that is lower. A voice has a setting of its own."""
    if path == rvc_voices.PATH:
        return settings.max_voice_bytes
    if path == saved_voices.PATH:
        return min(settings.max_upload_bytes, saved_voices.LARGEST)
    return min(settings.max_upload_bytes, dialect_of(path).largest_upload or settings.max_upload_bytes)


def _render(request: Request, error: VoxhallError, status: int) -> Response:
    return _rendered(request.scope, error, status)


def _rendered(scope: Scope, error: VoxhallError, status: int) -> Response:
    error.message = error.message.encode("utf-8", "replace").decode()  # it may quote half of a character
    response = _spoken(scope).error(error, status)
    if isinstance(error, RateLimited | QueueFull | Restarting):
        response.headers["Retry-After"] = str(error.retry_after)
    return response


def _rate_headers(scope: Scope, rate: Rate) -> Mapping[str, str]:
    return _spoken(scope).rate_headers(rate)


def _counts(scope: Scope) -> bool:
    path: str = scope["path"]
    return not path.endswith(dialect_of(path).uncounted)


def _refusal(scope: Scope, error: VoxhallError) -> Response:
    return _rendered(scope, error, status_of(error))


def _own(request: Request, error: Exception) -> Response:
    assert isinstance(error, VoxhallError)
    return _render(request, error, status_of(error))


def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return _spoken(request.scope).invalid(error)


def _http(request: Request, error: Exception) -> Response:
    """What Starlette raises itself: no such route, wrong method, a body that breaks off or is too large."""
    assert isinstance(error, HTTPException)
    if error.status_code == 413:
        limit = largest_upload(request.app.state.hall.settings, request.url.path) // MEBIBYTE
        return _render(request, UploadTooLarge(f"The upload is larger than {limit} MB.", param="file"), 413)
    if error.status_code == 404:
        return _render(request, NoRoute(f"The route {request.url.path.lstrip('/')} could not be found."), 404)
    kind = KINDS.get(error.status_code, InvalidRequest)
    response = _render(request, kind(f"{error.detail}."), error.status_code)
    response.headers.update(error.headers or {})
    return response


def _unwritable(request: Request, error: Exception) -> Response:
    """JSON may name half of a character, which Python reads and nothing else takes: no ledger, no answer."""
    assert isinstance(error, UnicodeEncodeError)
    if error.reason != "surrogates not allowed":
        return _unexpected(request, error)
    return _render(request, InvalidRequest("The request has half of a character that JSON writes as two."), 400)


def _gone(_request: Request, _error: Exception) -> Response:
    return Response(status_code=CLIENT_CLOSED_REQUEST)


def _unexpected(request: Request, error: Exception) -> Response:
    # The frames without the exception's own message, which may quote what the caller sent.
    request_id = request_id_of(request)
    frames = "".join(traceback.format_tb(error.__traceback__))
    log.error("%s\n%s", type(error).__name__, frames, extra={"request": request_id})
    response = _render(request, VoxhallError("The server failed; its log says where."), 500)
    # This answer passes through no middleware.
    response.headers.update(HEADERS)
    response.headers.update(headers_of(request))
    response.headers[HEADER] = request_id
    return response
