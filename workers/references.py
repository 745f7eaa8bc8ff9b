"""A job's clip, made from its input file `reference`: decoded, cleaned, cut, checked, and its text written down."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from audio.errors import AudioTooLong, UnreadableAudio
from audio.pcm import Samples
from confinement.media import decoding
from jobs.errors import BadReference, NotFound
from jobs.files import REFERENCE, input_key, work_key
from jobs.specs import ChangeSpec, CloneSpec, EnrolmentSpec
from models.diarization.engine import Diarizer
from models.diarization.turns import Stretch
from models.language import plain_code
from models.language.detection import detect
from models.reference.clip import Bounds, Clip, clip_of, too_long
from models.reference.cuts import SAMPLE_RATE, heard
from models.reference.errors import Unusable
from models.reference.speakers import several
from models.store import Store
from workers.clearing import nothing_kept
from workers.clips import FACTS, as_wav
from workers.hearing import Hearing
from workers.lane import Lane
from workers.residency import Residency
from workers.step import Step

INPUT = "reference"
PARAM = "reference"
SPEAKERS = "campplus"

LONGEST = 120.0
"""Seconds of a recording that are listened to, however long it is."""

SEVERAL = "More than one person speaks in the reference: send a clip of one."
NOT_COUNTED = f"Whether one person alone speaks was not checked: `voxhall models pull {SPEAKERS}` makes it possible."
NOT_HEARD = "What is said in the reference is not known: no model that transcribes its language is installed."
TEXT_DROPPED = "The reference was cut, so the text that came with it is not used."
ONLY_BEGINNING = f"Only the first {LONGEST:g} s of the reference were listened to."

AnyReference = CloneSpec | ChangeSpec | EnrolmentSpec


@dataclass(frozen=True, slots=True)
class Prepared:
    """A checked clip, and what is said in it, in which language (ISO 639-1), where that is known."""

    clip: Clip
    text: str | None
    language: str | None
    warnings: tuple[str, ...]

    @property
    def facts(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "text": self.text,
            "language": self.language,
            "seconds": round(self.clip.seconds, 3),
            "speech_seconds": round(self.clip.speech_seconds, 3),
            "warnings": list(self.warnings),
        }


class References:
    """Prepares the references of all kinds of jobs."""

    def __init__(self, *, residency: Residency, lane: Lane, store: Store, hearing: Hearing) -> None:
        self._residency = residency
        self._lane = lane
        self._store = store
        self._hearing = hearing

    def prepare(self, step: Step, spec: AnyReference) -> Prepared:
        """Raises:
        BadReference: the message says what is wrong with the recording.
        NotFound: the input is gone.
        """
        bounds = Bounds(*spec.reference_seconds, cut=spec.cut_reference)
        with _refusals():
            recording, damage = _decoded(step, bounds)
            step.check()
            clip = clip_of(_denoised(recording) if spec.denoise else recording, bounds)
        step.check()
        counted = self._one_speaker(step, clip)
        prepared = Prepared(clip, None, None, (*damage, *clip.warnings, *([] if counted else [NOT_COUNTED])))
        return self._with_text(step, spec, prepared)

    def _one_speaker(self, step: Step, clip: Clip) -> bool:
        """Whether it could be looked at. Raises `BadReference`."""
        if not self._store.installed(SPEAKERS):
            return False
        samples = heard(clip.samples)

        def listen() -> list[Stretch]:
            return [stretch for piece in diarizer.listen(samples) for stretch in piece]

        with self._residency.use(SPEAKERS, check=step.check) as diarizer:
            assert isinstance(diarizer, Diarizer)
            stretches = step.wait(self._lane.submit(listen, deadline=step.deadline(0.0)))
        if several(stretches):
            raise BadReference(SEVERAL, param=PARAM)
        return True

    def _with_text(self, step: Step, spec: AnyReference, prepared: Prepared) -> Prepared:
        given = _given_text(spec)
        language = plain_code(spec.language) if isinstance(spec, EnrolmentSpec) and spec.language else None
        if given and not prepared.clip.shortened:
            return replace(prepared, text=given, language=language or detect(given))
        if given:
            prepared = replace(prepared, warnings=(*prepared.warnings, TEXT_DROPPED))
        elif not _wants_text(spec):
            return prepared
        transcript = self._hearing.transcribe(step, heard(prepared.clip.samples), language)
        if transcript is None or not transcript.text:
            return replace(prepared, language=language, warnings=(*prepared.warnings, NOT_HEARD))
        return replace(prepared, text=transcript.text, language=transcript.language)


class ReferenceRunner:
    """The first step of a clone or a change with a clip of its own. Its result is what it leaves for the next one."""

    def __init__(self, references: References) -> None:
        self._references = references

    def run(self, step: Step, spec: CloneSpec | ChangeSpec) -> dict[str, Any]:
        """Raises as `References.prepare` does. The recording is not kept."""
        nothing_kept(step)
        if not _is_prepared(step):
            self._prepare(step, spec)
        step.files.remove(input_key(step.job.id, INPUT))
        return {}

    def _prepare(self, step: Step, spec: CloneSpec | ChangeSpec) -> None:
        prepared = self._references.prepare(step, spec)
        step.check()
        step.files.put(work_key(step.job.id, REFERENCE), as_wav(prepared.clip.samples))
        step.files.put(work_key(step.job.id, FACTS), json.dumps(prepared.facts, ensure_ascii=False).encode())


def _is_prepared(step: Step) -> bool:
    """By an attempt that ended before its step did. The facts are stored last."""
    try:
        step.files.get(work_key(step.job.id, FACTS))
    except NotFound:
        return False
    return True


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except Unusable as error:
        raise BadReference(str(error), param=PARAM) from error
    except UnreadableAudio as error:
        raise BadReference(f"The reference cannot be read: {error}.", param=PARAM) from error


def _decoded(step: Step, bounds: Bounds) -> tuple[Samples, tuple[str, ...]]:
    """Mono, 24 kHz, `LONGEST` at most, and what is to be told of it. Raises `Unusable`, `UnreadableAudio`."""
    blocks: list[Samples] = []
    with (
        step.files.local(input_key(step.job.id, INPUT)) as path,
        decoding(path, SAMPLE_RATE, LONGEST, check=step.check) as audio,
    ):
        try:
            blocks.extend(audio.blocks())
        except AudioTooLong as error:
            if not bounds.cut:
                raise too_long(LONGEST, bounds.most, more=True) from error
            return np.concatenate(blocks), (ONLY_BEGINNING,)
        return np.concatenate(blocks), tuple(f"Of the reference: {warning}." for warning in audio.warnings())


def _denoised(recording: Samples) -> Samples:
    from models.denoise import denoised  # noqa: PLC0415 - few jobs want it, and it loads a library

    return denoised(recording, SAMPLE_RATE)


def _given_text(spec: AnyReference) -> str | None:
    if isinstance(spec, ChangeSpec):
        return None
    text = spec.text if isinstance(spec, EnrolmentSpec) else spec.ref_text
    return (text or "").strip() or None


def _wants_text(spec: AnyReference) -> bool:
    return isinstance(spec, EnrolmentSpec) or (isinstance(spec, CloneSpec) and spec.wants_text)
