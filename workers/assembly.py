"""The stored segments of a speech step as one file, with its captions. Read one by one, so an hour takes no memory."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from audio.limiter import amplified
from audio.loudness import Meter, gain_to, measure_loudness
from audio.pcm import Samples, from_f32
from audio.trimming import cut, sounding
from jobs.files import segment_prefix, words_key
from jobs.specs import SpeechSpec
from workers.audio_result import store_audio
from workers.step import Step
from workers.word_times import from_json, laid_out, store_captions

Chunks = Callable[[], Iterator[Samples]]


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
    result = store_audio(
        step,
        shaped if shape.gain is None else _metered(shaped, meter),
        name="speech",
        format=spec.format,
        sample_rate=sample_rate,
        output_rate=spec.sample_rate,
    )
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
