"""`/files`: results by signed, expiring link. The signature is the only guard, so clients need no key."""

from contextlib import suppress

from fastapi import APIRouter, Request
from pydantic import ValidationError
from starlette.responses import RedirectResponse, Response

from jobs.errors import Expired, NotFound
from jobs.media_types import media_type_of
from server.hall import Hall, HallDependency
from server.results import file_response

router = APIRouter(tags=["files"])

REDIRECT_SECONDS = 60
_HEADERS = {"Cache-Control": "private", "X-Content-Type-Options": "nosniff"}


@router.head("/files/{token}/{name}", include_in_schema=False)
@router.get("/files/{token}/{name}", response_class=Response)
def download(hall: HallDependency, request: Request, token: str, name: str) -> Response:  # noqa: ARG001 - for people
    """A result file. Answers Range requests; 404 once the link has expired or the job was deleted."""
    key = hall.links.key(token)
    # S3 takes a signature for one method only.
    if url := hall.files.presigned(key, REDIRECT_SECONDS, "HEAD" if request.method == "HEAD" else "GET"):
        return RedirectResponse(url, headers=_HEADERS)
    try:
        return file_response(hall, key, media_type_of(key), _HEADERS)
    except NotFound:
        _tell_expired(hall, key)
        raise


def _tell_expired(hall: Hall, key: str) -> None:
    """Raises `Expired` where the job is there and its files had their time."""
    shelf, _, rest = key.partition("/")
    if shelf == "jobs":
        with suppress(ValidationError):  # of another version
            if hall.ledger.get(rest.partition("/")[0]).expired_at is not None:
                raise Expired
