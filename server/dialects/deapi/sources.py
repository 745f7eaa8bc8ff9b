"""What is to be transcribed: a file of the form, or an address."""

import mimetypes
from dataclasses import dataclass
from typing import BinaryIO
from urllib.parse import SplitResult, urlsplit

from fastapi import UploadFile
from fastapi.concurrency import run_in_threadpool

from jobs.errors import InvalidRequest, UploadTooLarge
from jobs.settings import MEBIBYTE
from server.hall import Hall
from server.sources import source
from server.uploads import probed, required

LARGEST_AUDIO, LARGEST_VIDEO = 20 * MEBIBYTE, 50 * MEBIBYTE

AUDIO = ("mp3", "aac", "ogg", "wav", "flac", "matroska")
"""WebM is `matroska`."""

VIDEO = ("mov", "mpeg", "mpegts", "avi", "asf", "ogg", "matroska")
"""MP4, M4A and QuickTime are `mov`, WMV is `asf`."""

BOTH = tuple(dict.fromkeys(AUDIO + VIDEO))
TAKEN = {"audio": (*AUDIO, "mov"), "video": VIDEO, "source_file": BOTH}
LIMITS = {"audio": LARGEST_AUDIO, "video": LARGEST_VIDEO, "source_file": LARGEST_VIDEO}

PLATFORMS = ("youtube.com", "youtu.be", "x.com", "twitter.com", "twitch.tv", "kick.com", "tiktok.com")
"""deAPI reads their pages; here an address is that of the recording itself."""


@dataclass(frozen=True, slots=True)
class Uploaded:
    """A file to be heard. `seconds` is None where it does not tell."""

    file: BinaryIO
    seconds: float | None
    job_type: str


async def uploaded(hall: Hall, upload: object, field: str) -> Uploaded:
    """Raises `UnreadableUpload`, `UploadTooLarge`."""
    file = required(upload, field)
    limit, longest = min(LIMITS[field], hall.settings.max_upload_bytes), hall.settings.max_audio_seconds
    found = await probed(file, limit, longest, field, TAKEN[field])
    is_film = field == "video" or (field == "source_file" and _is_film(file, found.container))
    if not is_film and (file.size or 0) > LARGEST_AUDIO:
        raise UploadTooLarge(f"The upload is larger than {LARGEST_AUDIO // MEBIBYTE} MB.", param=field)
    return Uploaded(file.file, found.duration, "video_file2text" if is_film else "audio_file2text")


async def address(hall: Hall, url: str, field: str) -> str:
    """Raises `InvalidRequest`: nothing is fetched here, or not from there."""
    parts = _split(url)
    if parts is None or not parts.hostname:
        raise InvalidRequest("This is no URL.", param=field)
    if platform := _platform(parts.hostname):
        said = f"Pages of {platform} are not read here: name the address of the recording itself, or upload it."
        raise InvalidRequest(said, param=field)
    return await run_in_threadpool(source, hall, url, param=field, instead="Upload the recording in place of it.")


def job_type_of_address(url: str, field: str) -> str:
    """Of an address that may be fetched."""
    kind = mimetypes.guess_type(urlsplit(url).path)[0] or ""
    return "video2text" if field == "video_url" or kind.startswith("video/") else "audio2text"


def _split(url: str) -> SplitResult | None:
    try:
        return urlsplit(url)
    except ValueError:
        return None


def _platform(host: str) -> str | None:
    return next((name for name in PLATFORMS if host == name or host.endswith(f".{name}")), None)


def _is_film(file: UploadFile, container: str) -> bool:
    if container in AUDIO and container in VIDEO:
        return (file.content_type or "").startswith("video/")
    return container in VIDEO
