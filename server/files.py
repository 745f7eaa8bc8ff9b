"""`/files`: results by signed, expiring link. The signature is the only guard, so clients need no key."""

import mimetypes

from fastapi import APIRouter
from starlette.responses import Response

from audio.formats import FORMATS
from server.hall import HallDependency
from server.results import file_response
from server.transcripts import MEDIA_TYPES

router = APIRouter(tags=["files"])

_MEDIA_TYPES = {form: MEDIA_TYPES[form] for form in ("srt", "vtt")} | {
    audio_format.extension: audio_format.media_type for audio_format in FORMATS.values()
}


@router.head("/files/{token}/{name}", include_in_schema=False)
@router.get("/files/{token}/{name}", response_class=Response)
def download(hall: HallDependency, token: str, name: str) -> Response:  # noqa: ARG001 - the name is for people
    """A result file. Answers Range requests; 404 once the link has expired or the job was deleted."""
    key = hall.links.key(token)
    extension = key.rsplit(".", 1)[-1]
    media_type = _MEDIA_TYPES.get(extension) or mimetypes.guess_type(key)[0] or "application/octet-stream"
    return file_response(hall, key, media_type, {"Cache-Control": "private", "X-Content-Type-Options": "nosniff"})
