"""A job's audio as one encoded file in the store: never handed out unless it is as long as it must be."""

import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from audio.encode import encode_file
from audio.formats import Format, format_named
from audio.measure import measure
from audio.pcm import Samples
from jobs.files import result_key
from jobs.specs import AudioFormat
from workers.step import Step

TOLERANCE = 3_600
"""Samples of the encoded file by which it may differ from its segments: an encoder's padding."""


class IncompleteAudio(Exception):
    """The file is not as long as its segments: never hand it out."""


def store_audio(
    step: Step,
    chunks: Iterable[Samples],
    *,
    name: str,
    format: AudioFormat,  # noqa: A002
    sample_rate: int,
    output_rate: int | None = None,
    seconds: float | None = None,
) -> dict[str, Any]:
    """What the job's result says of its audio: `chunks`, each (n,) at `sample_rate` Hz, as the file `name`.

    Args:
        output_rate: Hz of the file; None: the nearest that the format holds.
        seconds: how long it must be; None: as long as the chunks are together.

    Raises:
        IncompleteAudio
        AudioError: as `audio.encode.encode_file` does.
        LeaseLost, Stopping
    """
    kind = format_named(format)
    output_rate = kind.output_rate(sample_rate, output_rate)
    with tempfile.TemporaryDirectory(prefix="voxhall-") as folder:
        path = Path(folder) / f"{name}.{kind.extension}"
        duration = encode_file(chunks, path, kind, sample_rate, output_rate) / sample_rate
        _check_duration(path, kind, duration if seconds is None else seconds, output_rate)
        step.check()
        key = result_key(step.job.id, path.name)
        step.files.put(key, path)
        size = path.stat().st_size
    return {
        "file": key,
        "media_type": kind.media_type,
        "format": format,
        "size": size,
        "duration": round(duration, 4),
        "sample_rate": output_rate,
    }


def _check_duration(path: Path, kind: Format, expected: float, output_rate: int) -> None:
    measured = measure(path, kind, output_rate)
    if abs(measured - expected) * output_rate > TOLERANCE:
        raise IncompleteAudio(f"{measured:.2f} s of audio for segments of {expected:.2f} s")
