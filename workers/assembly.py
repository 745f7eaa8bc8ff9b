"""The stored segments of a speech step as one file, with its captions. Read one by one, so an hour takes no memory."""

import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from audio.encode import encode_file
from audio.formats import Format, format_named
from audio.limiter import amplified
from audio.loudness import Meter, gain_to, measure_loudness
from audio.measure import measure
from audio.pcm import Samples, from_f32
from audio.trimming import cut, sounding
from jobs.files import result_key, segment_prefix, words_key
from jobs.specs import SpeechSpec
from workers.step import Step
from workers.word_times import from_json, laid_out, store_captions

TOLERANCE = 3_600
"""Samples of the encoded file by which it may differ from its segments: an encoder's padding."""

Chunks = Callable[[], Iterator[Samples]]


class IncompleteAudio(Exception):
    """The file is not as long as its segments: never hand it out."""


@dataclass(frozen=True, slots=True)
class _Shape:
    """What is done to the joined segments: samples `start:end` of them are kept, and made `gain` times as loud."""

    start: int
    end: int | None
    gain: float | None

    def applied(self, chunks: Iterable[Samples], sample_rate: int) -> Iterator[Samples]:
        kept = cut(chunks, self.start, self.end)
        return iter(kept) if self.gain is None else amplified(kept, sample_rate, self.gain)


def assemble(step: Step, spec: SpeechSpec, sample_rate: int) -> dict[str, Any]:
    """The job's result. All segments and the times of their words are stored, at `sample_rate` Hz.

    Raises:
        IncompleteAudio
        LeaseLost, Stopping
    """
    keys = step.files.list(segment_prefix(step.job.id, step.claim.position))

    def chunks() -> Iterator[Samples]:
        return (from_f32(step.files.get(key)) for key in keys)

    shape = _shape(chunks, spec, sample_rate)
    sizes: list[int] = []
    meter = Meter(sample_rate)
    shaped = shape.applied(_counted(chunks(), sizes), sample_rate)
    result = _encoded(step, spec, shaped if shape.gain is None else _metered(shaped, meter), sample_rate)
    words = (from_json(step.files.get(words_key(step.job.id, step.claim.position, n))) for n in range(len(keys)))
    parts = zip(words, (size / sample_rate for size in sizes), strict=True)
    timed = laid_out(parts, lead=shape.start / sample_rate, duration=result["duration"])
    captions = store_captions(step.files, step.job.id, spec, timed, result["duration"])
    loudness = {} if shape.gain is None else {"loudness": _rounded(meter.finish().integrated)}
    return result | loudness | {"segments": len(keys), "captions": captions, "model": spec.model, "voice": spec.voice}


def _shape(chunks: Chunks, spec: SpeechSpec, sample_rate: int) -> _Shape:
    start, end = sounding(chunks(), sample_rate) if spec.trim_silence else (0, None)
    if spec.loudness is None:
        return _Shape(start, end, None)
    return _Shape(start, end, gain_to(spec.loudness, measure_loudness(cut(chunks(), start, end), sample_rate)))


def _metered(chunks: Iterable[Samples], meter: Meter) -> Iterator[Samples]:
    for samples in chunks:
        meter.push(samples)
        yield samples


def _rounded(loudness: float | None) -> float | None:
    return None if loudness is None else round(loudness, 1)


def _counted(chunks: Iterable[Samples], sizes: list[int]) -> Iterator[Samples]:
    for samples in chunks:
        sizes.append(samples.size)
        yield samples


def _encoded(step: Step, spec: SpeechSpec, chunks: Iterable[Samples], sample_rate: int) -> dict[str, Any]:
    audio_format = format_named(spec.format)
    output_rate = spec.sample_rate or sample_rate
    with tempfile.TemporaryDirectory(prefix="voxhall-") as folder:
        path = Path(folder) / f"speech.{audio_format.extension}"
        duration = encode_file(chunks, path, audio_format, sample_rate, spec.sample_rate) / sample_rate
        _check_duration(path, audio_format, duration, output_rate)
        step.check()
        key = result_key(step.job.id, path.name)
        step.files.put(key, path)
        size = path.stat().st_size
    return {
        "file": key,
        "media_type": audio_format.media_type,
        "format": spec.format,
        "size": size,
        "duration": round(duration, 4),
        "sample_rate": output_rate,
    }


def _check_duration(path: Path, audio_format: Format, expected: float, output_rate: int) -> None:
    measured = measure(path, audio_format, output_rate)
    if abs(measured - expected) * output_rate > TOLERANCE:
        raise IncompleteAudio(f"{measured:.2f} s of audio for segments of {expected:.2f} s")
