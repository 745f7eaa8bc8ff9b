"""Runs speech steps: text to segments, segments to stored audio, stored audio to one file."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from audio.join import join
from audio.pcm import to_f32
from jobs.errors import InvalidRequest
from jobs.files import segment_key, segment_prefix, words_key, words_prefix
from jobs.specs import SpeechSpec
from models.kokoro.engine import Kokoro, Synthesis
from models.kokoro.g2p import Phonemizer
from models.kokoro.segments import Segment, segments
from models.kokoro.word_times import word_times
from workers.assembly import assemble
from workers.lane import Lane
from workers.residency import Residency
from workers.step import Step
from workers.word_times import to_json

WINDOW = 3
"""Segments of one job that wait for the lane at once, so that it never idles while a segment is stored."""

PHONEMES_PER_SECOND = 15.0
"""Kokoro's pace at speed 1, about: it decides whose segment is wanted first, nothing else."""

_SILENCE = Synthesis(np.zeros(0, np.float32), np.zeros(2, np.int64))


class SpeechRunner:
    def __init__(self, *, residency: Residency, lane: Lane, phonemizer: Phonemizer) -> None:
        self._residency = residency
        self._lane = lane
        self._phonemizer = phonemizer

    def run(self, step: Step, spec: SpeechSpec) -> dict[str, Any]:
        """Segments that an earlier attempt stored are kept."""
        with self._residency.use(spec.model) as kokoro:
            self._render(step, spec, kokoro)
        return assemble(step, spec, Kokoro.sample_rate)

    def _render(self, step: Step, spec: SpeechSpec, kokoro: Kokoro) -> None:
        stored = _stored(step)
        pending: deque[tuple[_Piece, Future[Synthesis]]] = deque()
        spoken = False
        try:
            for piece in self._pieces(spec):
                step.check()
                spoken = spoken or bool(piece.part.phonemes)
                if piece.index not in stored:
                    pending.append((piece, self._start(step, spec, kokoro, piece)))
                if len(pending) == WINDOW:
                    _keep(step, *pending.popleft())
            while pending:
                _keep(step, *pending.popleft())
        finally:
            for _, synthesis in pending:
                synthesis.cancel()
        if not spoken:
            raise InvalidRequest("There is nothing to speak in this text.", param="text")

    def _pieces(self, spec: SpeechSpec) -> Iterator["_Piece"]:
        phonemize = partial(
            self._phonemizer.phonemize, language=spec.language or "en-us", pronunciations=spec.pronunciations
        )
        done, start = 0, 0.0
        for index, part in enumerate(segments(spec.text, phonemize)):
            done = part.words[-1].end if part.words else done
            yield _Piece(index, part, done / len(spec.text), start)
            start += len(part.phonemes) / PHONEMES_PER_SECOND / spec.speed + part.pause

    def _start(self, step: Step, spec: SpeechSpec, kokoro: Kokoro, piece: "_Piece") -> Future[Synthesis]:
        if not piece.part.phonemes:
            return _done(_SILENCE)
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


def _stored(step: Step) -> set[int]:
    """The segments that an earlier attempt rendered, with the times of their words."""
    prefixes = (find(step.job.id, step.claim.position) for find in (segment_prefix, words_prefix))
    found = [{int(key.removeprefix(prefix)) for key in step.files.list(prefix)} for prefix in prefixes]
    return set.intersection(*found)


def _keep(step: Step, piece: _Piece, rendering: Future[Synthesis]) -> None:
    """Stores a segment behind the times of its words: whoever finds it finds both."""
    synthesis = step.wait(rendering)
    place = step.job.id, step.claim.position, piece.index
    step.files.put(words_key(*place), to_json(word_times(piece.part.words, synthesis)))
    joined = [_SILENCE.samples, *join([(synthesis.samples, piece.part.pause)], Kokoro.sample_rate)]
    step.files.put(segment_key(*place), to_f32(np.concatenate(joined)))
    # The last percent is the encoding's.
    step.progress(0.99 * piece.fraction)
    step.announce(piece.index)


def _done(synthesis: Synthesis) -> Future[Synthesis]:
    future: Future[Synthesis] = Future()
    future.set_result(synthesis)
    return future
