"""`known_speaker_names[]` and `known_speaker_references[]`: who may speak, each with a short recording."""

import base64
import io
import math
from typing import BinaryIO

from fastapi import UploadFile
from fastapi.concurrency import run_in_threadpool

from audio.errors import AudioError, AudioTooLong
from confinement.media import decode
from jobs.errors import InvalidRequest, UnreadableUpload
from jobs.specs import MOST_KNOWN_SPEAKERS
from server.reading import reading
from server.uploads import readable

NAMES = "known_speaker_names[]"
REFERENCES = "known_speaker_references[]"
RATE = 16_000
SHORTEST = 2.0
LONGEST = 10.0
GRACE = 0.1
"""Seconds that an encoder may add or take."""


async def recordings(names: list[str], references: list[str], *, limit: int) -> dict[str, BinaryIO]:
    """The job's input files `speaker-0`, `speaker-1`, …, in the order of the names.

    Raises:
        InvalidRequest: names and recordings do not belong together, or a reference is no data URL.
        UnreadableUpload: a reference holds no audio, or not 2 to 10 s of it.
    """
    if len(names) != len(references):
        counts = f"{len(names)} names and {len(references)} recordings"
        raise InvalidRequest(f"Each known speaker needs a name and a recording; these are {counts}.", param=REFERENCES)
    if len(names) > MOST_KNOWN_SPEAKERS:
        raise InvalidRequest(f"No more than {MOST_KNOWN_SPEAKERS} speakers can be known.", param=NAMES)
    if len(set(names)) < len(names):
        raise InvalidRequest("Two known speakers have the same name.", param=NAMES)
    return {f"speaker-{n}": await _recording(url, limit=limit) for n, url in enumerate(references)}


async def _recording(url: str, *, limit: int) -> BinaryIO:
    data = _decoded(url)
    upload = UploadFile(io.BytesIO(data), size=len(data))
    recording = await readable(upload, limit=limit, longest=math.inf, param=REFERENCES)
    seconds = await run_in_threadpool(_seconds, recording)
    if not SHORTEST - GRACE <= seconds <= LONGEST + GRACE:
        length = f"this one has {seconds:.1f} s" if seconds <= LONGEST else "this one is longer"
        message = f"The recording of a known speaker must have {SHORTEST:g} to {LONGEST:g} s; {length}."
        raise UnreadableUpload(message, param=REFERENCES)
    recording.seek(0)
    return recording


def _decoded(url: str) -> bytes:
    """What a data URL holds (RFC 2397, base64)."""
    head, _, encoded = url.strip().partition(",")
    wrong = InvalidRequest("A reference must be a data URL: `data:audio/wav;base64,` and the file.", param=REFERENCES)
    if not (head.startswith("data:") and head.endswith(";base64")):
        raise wrong
    try:
        return base64.b64decode(encoded, validate=True)
    except ValueError as error:
        raise wrong from error


def _seconds(recording: BinaryIO) -> float:
    try:
        with reading():
            return decode(recording, RATE, max_seconds=LONGEST + 2 * GRACE).samples.size / RATE
    except AudioTooLong:
        return LONGEST + 2 * GRACE
    except AudioError as error:
        raise UnreadableUpload(str(error), param=REFERENCES) from error
