"""Clips whose voice is to be taken, as the reference step and the enrolment leave them. Both workers read them here."""

import json
from io import BytesIO

from audio.decode import decode
from audio.encode import encode
from audio.formats import FORMATS
from audio.pcm import Samples
from jobs.errors import NotFound
from jobs.files import REFERENCE, FileStore, voice_key, work_key
from jobs.voices import SavedVoice
from models.cloning.engine import Reference

SAMPLE_RATE = 24_000
FACTS = "reference.json"
"""What is told of a job's clip: `text`, `language`, `seconds`, `speech_seconds`, `warnings`."""


def stored_reference(files: FileStore, job_id: str) -> Reference:
    """The clip that a job's reference step left. Raises `NotFound`, `Unavailable`."""
    facts = json.loads(files.get(work_key(job_id, FACTS)))
    return read_clip(files, work_key(job_id, REFERENCE), facts["text"])


def warnings_of(files: FileStore, job_id: str) -> list[str]:
    """What the reference step has to say of the job's clip, in sentences; none where there was no such step."""
    try:
        return list(json.loads(files.get(work_key(job_id, FACTS)))["warnings"])
    except NotFound:
        return []


def saved_reference(files: FileStore, voice: SavedVoice) -> Reference:
    """The clip of a saved voice. Raises `NotFound` where it was removed, `Unavailable`."""
    return read_clip(files, voice_key(voice.id, REFERENCE), voice.details.get("text"))


def as_wav(samples: Samples) -> bytes:
    """`samples` (n,), mono, 24 kHz, as a clip is stored: a WAV of 16 bits."""
    return encode(samples, SAMPLE_RATE, FORMATS["wav"])


def read_clip(files: FileStore, key: str, text: str | None) -> Reference:
    """Any stored clip. Raises `NotFound`, `Unavailable`."""
    # Here, in this process: our own encoder wrote every clip (`as_wav`), also of a recording that came from a caller.
    clip = decode(BytesIO(files.get(key)), SAMPLE_RATE)
    return Reference(clip.samples, text, SAMPLE_RATE)
