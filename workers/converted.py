"""The stored chunks of a conversion as one file: loudness, rate and peak are those of the whole."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from audio.pcm import Samples, from_f32
from audio.resample import ResampleStream
from jobs.files import segment_key
from jobs.specs import ConversionSpec
from models.rvc.envelope import headroom, mixed
from models.rvc.frames import SAMPLE_RATE
from models.rvc.recording import Recording
from workers.audio_result import store_audio
from workers.step import Step


@dataclass(frozen=True, slots=True)
class Converted:
    """A conversion whose chunks are all stored."""

    chunks: int
    sample_rate: int
    """Hz, of the chunks."""
    length: int
    """Samples of all chunks together."""


def store_converted(step: Step, spec: ConversionSpec, recording: Recording, converted: Converted) -> dict[str, Any]:
    """What the job's result says of its audio. Chunks are read one by one, twice: first for the peak.

    Raises:
        IncompleteAudio
        LeaseLost, Stopping
    """
    output_rate = spec.resample_sr or converted.sample_rate

    def sound() -> Iterator[Samples]:
        of_whole = mixed(
            _chunks(step, converted.chunks),
            recording,
            rate=spec.rms_mix_rate,
            sample_rate=converted.sample_rate,
            length=converted.length,
        )
        return _resampled(of_whole, converted.sample_rate, output_rate)

    gain = np.float32(headroom(max(float(np.abs(block).max(initial=0.0)) for block in sound())))
    return store_audio(
        step,
        (block * gain for block in sound()),
        name="conversion",
        format=spec.format,
        sample_rate=output_rate,
        seconds=len(recording) / SAMPLE_RATE,
    )


def _chunks(step: Step, count: int) -> Iterator[Samples]:
    for index in range(count):
        step.check()
        yield from_f32(step.files.get(segment_key(step.job.id, step.claim.position, index)))


def _resampled(blocks: Iterable[Samples], from_rate: int, to_rate: int) -> Iterator[Samples]:
    stream = ResampleStream(from_rate, to_rate)
    for block in blocks:
        yield stream.push(block)
    yield stream.finish()
