"""Uploaded audio, looked at before a job is made of it."""

import math
from collections.abc import Collection
from typing import BinaryIO

from fastapi import UploadFile
from fastapi.concurrency import run_in_threadpool

from audio.bounds import check_length
from audio.errors import AudioError, AudioTooLong
from audio.probe import Probe
from confinement.media import probe
from jobs.errors import InvalidRequest, RecordingTooLong, UnreadableUpload, UploadTooLarge
from server.reading import reading


async def readable(
    upload: UploadFile,
    *,
    limit: int,
    longest: float,
    param: str = "file",
    containers: Collection[str] | None = None,
) -> BinaryIO:
    """The upload's file, at its start, once it is known to hold audio.

    Args:
        limit: bytes.
        longest: seconds.
        containers: `audio.probe`'s names of those that are taken; None: any.

    Raises:
        UnreadableUpload: it is empty, no audio can be decoded from it, or it is of another container.
        UploadTooLarge: it has more than `limit` bytes.
        RecordingTooLong: it tells of more than `longest` seconds. One that lies is found out when it is decoded.
        Unavailable: no file can be read now.
    """
    await probed(upload, limit, longest, param, containers)
    return upload.file


async def measured(
    upload: UploadFile,
    *,
    limit: int,
    longest: float,
    param: str = "reference",
    containers: Collection[str] | None = None,
) -> tuple[BinaryIO, float]:
    """The upload's file and its seconds, infinite where it does not tell them. The rest is as `readable` has it."""
    found = await probed(upload, limit, longest, param, containers)
    return upload.file, math.inf if found.duration is None else found.duration


async def probed(
    upload: UploadFile, limit: int, longest: float, param: str, containers: Collection[str] | None
) -> Probe:
    """What the upload holds; its file is at its start then. Raises as `readable` has it."""
    if (upload.size or 0) > limit:
        raise UploadTooLarge(f"The upload is larger than {limit // (1024 * 1024)} MB.", param=param)
    if not upload.size:
        raise UnreadableUpload("The uploaded file is empty.", param=param)
    try:
        with reading():
            found = await run_in_threadpool(probe, upload.file)
        check_length(found.duration, longest)
    except AudioTooLong as error:
        raise RecordingTooLong(_sentence(error), param=param) from error
    except AudioError as error:
        raise UnreadableUpload(str(error), param=param) from error
    if containers is not None and found.container not in containers:
        raise UnreadableUpload(f"The file must be one of: {', '.join(containers)}.", param=param)
    upload.file.seek(0)
    return found


def _sentence(error: AudioError) -> str:
    said = str(error)
    return f"{said[:1].upper()}{said[1:]}."


def required(upload: object, param: str) -> UploadFile:
    """The form field as a file. Raises `InvalidRequest` where it is absent or plain text."""
    if not hasattr(upload, "file"):
        raise InvalidRequest(f"The form needs a file in the field `{param}`.", param=param)
    return upload  # type: ignore[return-value]
