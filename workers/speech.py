"""Runs speech steps: text to segments, segments to stored audio, stored audio to one file."""

import tempfile
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from audio.encode import encode_file
from audio.formats import Format, format_named
from audio.join import join
from audio.measure import measure
from audio.pcm import from_f32, to_f32
from jobs.errors import InvalidRequest
from jobs.files import result_key, segment_key, segment_prefix
from jobs.specs import SpeechSpec
from models.kokoro.engine import Kokoro, Synthesis
from models.kokoro.g2p import Phonemizer
from models.kokoro.segments import Segment, segments
from workers.lane import Lane
from workers.residency import Residency
from workers.step import Step

WINDOW = 3
"""Segments of one job that wait for the lane at once, so that it never idles while a segment is stored."""

PHONEMES_PER_SECOND = 15.0
"""Kokoro's pace at speed 1, about: it decides whose segment is wanted first, nothing else."""

TOLERANCE = 3_600
"""Samples of the encoded file by which it may differ from its segments: an encoder's padding."""


class IncompleteAudio(Exception):
    """The file is not as long as its segments: never hand it out."""


class SpeechRunner:
    def __init__(self, *, residency: Residency, lane: Lane, phonemizer: Phonemizer) -> None:
        self._residency = residency
        self._lane = lane
        self._phonemizer = phonemizer

    def run(self, step: Step, spec: SpeechSpec) -> dict[str, Any]:
        """Segments that an earlier attempt stored are kept."""
        with self._residency.use(spec.model) as kokoro:
            self._render(step, spec, kokoro)
        return _assemble(step, spec, Kokoro.sample_rate)

    def _render(self, step: Step, spec: SpeechSpec, kokoro: Kokoro) -> None:
        stored = set(step.files.list(segment_prefix(step.job.id, step.claim.position)))
        pending: deque[tuple[_Piece, Future[Synthesis]]] = deque()
        try:
            for piece in self._pieces(spec):
                step.check()
                if segment_key(step.job.id, step.claim.position, piece.index) not in stored:
                    pending.append((piece, self._start(step, spec, kokoro, piece)))
                if len(pending) == WINDOW:
                    _keep(step, *pending.popleft())
            while pending:
                _keep(step, *pending.popleft())
        finally:
            for _, synthesis in pending:
                synthesis.cancel()

    def _pieces(self, spec: SpeechSpec) -> Iterator["_Piece"]:
        phonemize = partial(self._phonemizer.phonemize, language=spec.language or "en-us")
        characters, phonemes = 0, 0
        for index, part in enumerate(segments(spec.text, phonemize)):
            characters += len(part.text)
            start = phonemes / PHONEMES_PER_SECOND / spec.speed
            yield _Piece(index, part, min(1.0, characters / len(spec.text)), start)
            phonemes += len(part.phonemes)

    def _start(self, step: Step, spec: SpeechSpec, kokoro: Kokoro, piece: "_Piece") -> Future[Synthesis]:
        seed = None if spec.seed is None else (spec.seed + piece.index) % 2**32
        call = partial(kokoro.synthesize, piece.part.phonemes, spec.voice, spec.speed, seed=seed)
        return self._lane.submit(call, deadline=step.deadline(piece.start))


@dataclass(frozen=True, slots=True)
class _Piece:
    """A segment in its text."""

    index: int
    part: Segment
    fraction: float
    """How much of the text is done with it, in 0..1."""
    start: float
    """Seconds of audio before it, about."""


def _keep(step: Step, piece: _Piece, synthesis: Future[Synthesis]) -> None:
    samples = step.wait(synthesis).samples
    shaped = np.concatenate(list(join([(samples, piece.part.pause)], Kokoro.sample_rate)))
    step.files.put(segment_key(step.job.id, step.claim.position, piece.index), to_f32(shaped))
    # The last percent is the encoding's.
    step.progress(0.99 * piece.fraction)
    step.announce(piece.index)


def _assemble(step: Step, spec: SpeechSpec, sample_rate: int) -> dict[str, Any]:
    keys = step.files.list(segment_prefix(step.job.id, step.claim.position))
    if not keys:
        raise InvalidRequest("There is nothing to speak in this text.", param="text")
    audio_format = format_named(spec.format)
    output_rate = spec.sample_rate or sample_rate
    chunks = (from_f32(step.files.get(key)) for key in keys)
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
        "segments": len(keys),
        "model": spec.model,
        "voice": spec.voice,
    }


def _check_duration(path: Path, audio_format: Format, expected: float, output_rate: int) -> None:
    measured = measure(path, audio_format, output_rate)
    if abs(measured - expected) * output_rate > TOLERANCE:
        raise IncompleteAudio(f"{measured:.2f} s of audio for segments of {expected:.2f} s")
