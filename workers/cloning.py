"""Runs clone steps: a text into stored segments of somebody's voice, stored segments into one file."""

import json
import zlib
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from itertools import islice
from typing import Any

import numpy as np

from audio.edges import without_edges
from audio.limiter import amplified
from audio.loudness import Meter, gain_to, measure_loudness
from audio.pcm import Samples, from_f32
from audio.resample import resample
from audio.tempo import at_tempo
from jobs.errors import InvalidRequest, NotFound
from jobs.files import segment_key, work_key
from jobs.specs import CloneSpec
from models.cloning.engine import NotFinite, Reference, Runaway
from models.reference.level import LOUDNESS
from workers.audio_result import store_audio
from workers.casting import Casting
from workers.clearing import nothing_kept
from workers.clips import SAMPLE_RATE, warnings_of
from workers.narrators import Narrator
from workers.speaking import Mark, Speaking, other_seed, watermark
from workers.spoken import FAILED, Progress
from workers.step import Step

NOT_BETTER = (
    "{kept} of the {all} pieces of the text may say something else: the check did not understand what was spoken, and "
    "speaking it once more was not possible or did no better."
)


class CloneRunner:
    """Args:
    watermark: whether a result is marked where its spec does not say.
    """

    def __init__(self, casting: Casting, *, watermark: bool) -> None:
        self._casting = casting
        self._watermark = watermark

    def run(self, step: Step, spec: CloneSpec) -> dict[str, Any]:
        """Pieces that an earlier attempt stored are kept. The job's result comes of its last step.

        A job that fails leaves no clip behind.

        Raises:
            InvalidRequest: there is nothing to speak.
            UnknownVoice: the saved voice was removed while the job waited.
            UnusableReference, CannotSpeak, Runaway, NotFinite
            LeaseLost, Stopping
        """
        nothing_kept(step)
        progress = Progress(step.files, step.job.id)
        marked = self._watermark if spec.watermark is None else spec.watermark
        rendering = _Rendering(step, spec, progress, self._casting, watermark() if marked else None)
        if step.claim.position == spec.spoken_at:
            rendering.speak()
        else:
            rendering.speak_anew(_failed(step))
        if step.claim.position < len(spec.queues) - 1:
            return {}
        result = _assembled(step, spec, progress, rendering.continued) | {"watermarked": marked}
        step.files.delete(work_key(step.job.id, "embeddings/"))
        return result


class _Rendering:
    """The pieces of one job's text, into the store."""

    def __init__(self, step: Step, spec: CloneSpec, progress: Progress, casting: Casting, mark: Mark | None) -> None:
        self._step = step
        self._spec = spec
        self._progress = progress
        self._casting = casting
        self._mark = mark
        self._continued = spec.continued_by if spec.source == "design" else None

    def speak(self) -> None:
        """All that is not spoken yet."""
        if not self._continued or self._donor(self._continued) is None:
            with self._casting.narrator(self._step, self._spec) as narrator:
                self._render(narrator, until=self._donor)
        donor = self._donor(self._continued) if self._continued else None
        if self._continued and donor is not None and self._casting.planned(self._spec) > len(self._progress.pieces):
            with self._continuing(self._continued, donor) as narrator:
                self._render(narrator)

    @property
    def continued(self) -> str | None:
        """The model that went on in the described voice; None where none had to, or could."""
        donor = self._donor(self._continued) if self._continued else None
        return self._continued if donor is not None and len(self._progress.pieces) > donor + 1 else None

    def _donor(self, continued: str) -> int | None:
        """The first piece of a described voice that is long enough for another model to take the voice from it."""
        least = self._casting.shortest_clip(continued)
        said = (_said(self._step, self._spec, self._progress, number) for number in range(len(self._progress.pieces)))
        return next((number for number, clip in enumerate(said) if clip.seconds >= least), None)

    def speak_anew(self, numbers: Collection[int]) -> None:
        """Those of the numbers, once, with another seed. What does not come out better stays as it is.

        So do the first pieces of a described voice, where others have taken their voice from one of them: of another
        seed it would be another voice than theirs.
        """
        pieces = self._progress.pieces
        wanted = {number for number in numbers if not (pieces[number].anew or pieces[number].kept)}
        donor = self._donor(self._continued) if self._continued else None
        if donor is not None and self.continued:
            settled = {number for number in wanted if number <= donor}
            for number in settled:
                self._progress.replace(number, replace(pieces[number], kept=True))
            wanted -= settled
        if not wanted:
            return
        with self._narrating_anew(donor) as narrator:
            self._render_anew(narrator, wanted)

    def _narrating_anew(self, donor: int | None) -> AbstractContextManager[Narrator]:
        if donor is not None and self.continued:
            return self._continuing(self.continued, donor)
        return self._casting.narrator(self._step, self._spec)

    def _continuing(self, model_id: str, donor: int) -> AbstractContextManager[Narrator]:
        said = _said(self._step, self._spec, self._progress, donor)
        return self._casting.continuing(self._step, self._spec, model_id, said)

    def _render(self, narrator: Narrator, until: Callable[[str], int | None] | None = None) -> None:
        """`until`: ends it, once it finds something in a described voice that another model goes on with."""
        step, progress, interactive = self._step, self._progress, self._step.claim.interactive
        speaking, resumed = self._speaking(narrator), False
        by_blocks = narrator.streams and interactive and not self._spec.verify and not self._mark
        speak = speaking.streamed if by_blocks else speaking.whole
        for number, piece in enumerate(narrator.pieces(self._spec.text, streamed=interactive and not self._continued)):
            step.check()
            if number < len(progress.pieces):
                continue
            if until and self._continued and until(self._continued) is not None:
                break
            seed = (_seed(step, self._spec) + number) % 2**32
            spoken = speak(piece, progress, first=progress.segments, seed=seed, after=progress.seconds)
            if not resumed:
                speaking.forget_from(spoken.first + spoken.count)
                resumed = True
            progress.add(spoken)
            # The last percent is the encoding's.
            step.progress(0.99 * min(1.0, progress.characters / len(self._spec.text)))
            step.announce(progress.segments - 1)
        if not progress.pieces:
            raise InvalidRequest("There is nothing to speak in this text.", param="text")
        progress.tell(narrator.facts)

    def _render_anew(self, narrator: Narrator, wanted: Collection[int]) -> None:
        speaking, progress = self._speaking(narrator), self._progress
        streamed = self._step.claim.interactive and not self._continued
        for number, piece in enumerate(narrator.pieces(self._spec.text, streamed=streamed)):
            if number in wanted:
                self._step.check()
                before = progress.pieces[number]
                seed = other_seed(before.seed)
                try:
                    spoken = speaking.whole(piece, progress, first=before.first, seed=seed, after=progress.seconds)
                except (Runaway, NotFinite):
                    progress.replace(number, replace(before, kept=True))
                else:
                    progress.replace(number, replace(spoken, anew=True))

    def _speaking(self, narrator: Narrator) -> Speaking:
        return Speaking(self._step, narrator, position=self._spec.spoken_at, mark=self._mark)


def _seed(step: Step, spec: CloneSpec) -> int:
    # Of the job, so that a second attempt goes on with the same voice.
    return zlib.crc32(step.job.id.encode()) if spec.seed is None else spec.seed


def _failed(step: Step) -> list[int]:
    try:
        return [int(number) for number in json.loads(step.files.get(work_key(step.job.id, FAILED)))]
    except NotFound:
        return []


def _segments(step: Step, spec: CloneSpec, progress: Progress) -> Iterator[Samples]:
    for piece in progress.pieces:
        for index in range(piece.first, piece.first + piece.count):
            step.check()
            yield from_f32(step.files.get(segment_key(step.job.id, spec.spoken_at, index))) * np.float32(piece.gain)


def _said(step: Step, spec: CloneSpec, progress: Progress, number: int) -> Reference:
    """A piece of a described voice, as a clip that another model takes the voice from."""
    piece = progress.pieces[number]
    segments = islice(_segments(step, spec, progress), piece.first, piece.first + piece.count)
    # At the pace of the voice itself: what follows is made faster or slower once more.
    unhurried = at_tempo(without_edges(segments, piece.sample_rate), piece.sample_rate, 1 / spec.speed)
    spoken = resample(np.concatenate([*unhurried]), piece.sample_rate, SAMPLE_RATE)
    gain = gain_to(LOUDNESS, measure_loudness([spoken], SAMPLE_RATE))
    return Reference(np.concatenate([*amplified([spoken], SAMPLE_RATE, gain)]), piece.text, SAMPLE_RATE)


def _assembled(step: Step, spec: CloneSpec, progress: Progress, continued: str | None) -> dict[str, Any]:
    """The job's result. Segments are read one by one, so an hour takes no memory."""
    rate, told = progress.pieces[0].sample_rate, Meter(progress.pieces[0].sample_rate)
    chunks = _segments(step, spec, progress)
    if spec.loudness is not None:
        gain = gain_to(spec.loudness, measure_loudness(_segments(step, spec, progress), rate))
        chunks = _metered(amplified(chunks, rate, gain), told)
    sound = store_audio(step, chunks, name="speech", format=spec.format, sample_rate=rate, output_rate=spec.sample_rate)
    loudness = told.finish().integrated if spec.loudness is not None else None
    return (
        sound
        | progress.facts
        | {
            "model": spec.model,
            "asked_model": spec.asked_model or spec.model,
            "continued_by": continued,
            "voice": spec.voice if spec.source == "saved" else None,
            "segments": progress.segments,
            "pieces": len(progress.pieces),
            "spoken_anew": sum(piece.anew for piece in progress.pieces),
            "seed": _seed(step, spec),
            "loudness": None if loudness is None else round(loudness, 1),
            "warnings": [*warnings_of(step.files, step.job.id), *_unclear(progress)],
        }
    )


def _unclear(progress: Progress) -> list[str]:
    kept = sum(piece.kept for piece in progress.pieces)
    return [NOT_BETTER.format(kept=kept, all=len(progress.pieces))] if kept else []


def _metered(chunks: Iterator[Samples], meter: Meter) -> Iterator[Samples]:
    for samples in chunks:
        meter.push(samples)
        yield samples
