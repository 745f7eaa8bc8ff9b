"""Runs speech steps: text to segments, segments to stored audio, stored audio to one file."""

import threading
from collections import deque
from collections.abc import Collection, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from audio.join import join
from audio.pcm import to_f32
from jobs.errors import InvalidRequest
from jobs.files import segment_key, segment_prefix, words_key, words_prefix
from jobs.specs import SpeechSpec
from models.kokoro.engine import Kokoro, Synthesis, Utterance
from models.kokoro.g2p import Phonemizer
from models.kokoro.segments import Segment, segments
from models.kokoro.word_times import word_times
from workers.assembly import assemble
from workers.batcher import Batcher
from workers.residency import Residency
from workers.step import Step
from workers.word_times import to_json

FEWEST = 3
"""Segments of one job in flight, so that the lane never idles while a segment is stored."""

MOST = 64
"""Likewise, at the most, on a device that renders many at once."""

PHONEMES_PER_SECOND = 15.0
"""Kokoro's pace at speed 1, about: it decides whose segment is wanted first, nothing else."""

_SILENCE = Synthesis(np.zeros(0, np.float32), np.zeros(2, np.int64))


class SpeechRunner:
    def __init__(self, *, residency: Residency, batcher: Batcher, phonemizer: Phonemizer) -> None:
        self._residency = residency
        self._batcher = batcher
        self._phonemizer = phonemizer
        self._lock = threading.Lock()
        self._running = 0

    def run(self, step: Step, spec: SpeechSpec) -> dict[str, Any]:
        """Segments that an earlier attempt stored are kept."""
        with self._residency.use(spec.model, check=step.check) as kokoro, self._counted():
            self._render(step, spec, kokoro)
        return assemble(step, spec, Kokoro.sample_rate)

    @contextmanager
    def _counted(self) -> Iterator[None]:
        with self._lock:
            self._running += 1
        try:
            yield
        finally:
            with self._lock:
                self._running -= 1

    def _render(self, step: Step, spec: SpeechSpec, kokoro: Kokoro) -> None:
        stored = _stored(step)
        pending: deque[_Rendering] = deque()
        spoken = False
        try:
            for piece in self._pieces(spec, streamed=step.claim.interactive):
                step.check()
                spoken = spoken or bool(piece.part.phonemes)
                if piece.index not in stored:
                    pending.append(self._start(step, spec, kokoro, piece))
                while pending and (pending[0].synthesis.done() or self._enough(pending, kokoro)):
                    _keep(step, pending.popleft())
            while pending:
                _keep(step, pending.popleft())
        finally:
            for rendering in pending:
                rendering.synthesis.cancel()
        if not spoken:
            raise InvalidRequest("There is nothing to speak in this text.", param="text")

    def _enough(self, pending: Collection["_Rendering"], kokoro: Kokoro) -> bool:
        """Whether the job has its part in flight: of the batch that runs, and of the next, which gathers meanwhile."""
        if len(pending) < FEWEST:
            return False
        return len(pending) >= MOST or sum(one.frames for one in pending) >= 2 * kokoro.room() / self._running

    def _pieces(self, spec: SpeechSpec, *, streamed: bool) -> Iterator["_Piece"]:
        phonemize = partial(
            self._phonemizer.phonemize, language=spec.language or "en-us", pronunciations=spec.pronunciations
        )
        done, start = 0, 0.0
        for index, part in enumerate(segments(spec.text, phonemize, streamed=streamed, speed=spec.speed)):
            done = part.words[-1].end if part.words else done
            yield _Piece(index, part, done / len(spec.text), start)
            start += len(part.phonemes) / PHONEMES_PER_SECOND / spec.speed + part.pause

    def _start(self, step: Step, spec: SpeechSpec, kokoro: Kokoro, piece: "_Piece") -> "_Rendering":
        if not piece.part.phonemes:
            return _Rendering(piece, 0, _done(_SILENCE))
        seed = None if spec.seed is None else (spec.seed + piece.index) % 2**32
        utterance = Utterance(piece.part.phonemes, spec.voice, spec.speed, seed)
        synthesis = self._batcher.submit(
            kokoro, utterance, deadline=step.deadline(piece.start), interactive=step.claim.interactive
        )
        return _Rendering(piece, utterance.frames, synthesis)


@dataclass(frozen=True, slots=True)
class _Piece:
    """A segment in its text."""

    index: int
    part: Segment
    fraction: float
    """How much of the text is done with it, in 0..1."""
    start: float
    """Seconds of audio before it, about."""


@dataclass(frozen=True, slots=True)
class _Rendering:
    """A segment in flight, of about so many frames."""

    piece: _Piece
    frames: int
    synthesis: Future[Synthesis]


def _stored(step: Step) -> set[int]:
    """The segments that an earlier attempt rendered, with the times of their words."""
    prefixes = (find(step.job.id, step.claim.position) for find in (segment_prefix, words_prefix))
    found = [{int(key.removeprefix(prefix)) for key in step.files.list(prefix)} for prefix in prefixes]
    return set.intersection(*found)


def _keep(step: Step, rendering: _Rendering) -> None:
    """Stores a segment behind the times of its words: whoever finds it finds both."""
    piece, synthesis = rendering.piece, step.wait(rendering.synthesis)
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
