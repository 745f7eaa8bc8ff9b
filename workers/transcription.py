"""Runs transcription steps: decode the input, find its speech, hear it window by window, store the transcript."""

import json
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import Future
from contextlib import closing
from dataclasses import asdict, dataclass
from functools import partial
from itertools import chain
from typing import Any, Literal

from audio.decode import Decoded
from jobs.errors import InvalidRequest
from jobs.files import result_key, segment_key, segment_prefix
from jobs.specs import TranscriptionSpec
from models.whisper.decoder import Heard
from models.whisper.engine import UnsupportedLanguage, UnsupportedTask, Whisper
from models.whisper.options import Decoding, Vad
from models.whisper.speech import SAMPLE_RATE, Speech, find_speech
from models.whisper.stretches import LONGEST, stretches, whole
from models.whisper.transcription import Segment, Transcription, Window
from workers.decoded import decoded
from workers.diarization import SHARE, Diarization, Speakers
from workers.lane import Lane
from workers.residency import Residency
from workers.step import Step
from workers.windows import Windows

LONG = 60.0
"""Seconds of speech from which on `auto` is batched: less is two windows at most."""

NO_LANGUAGE = ""
"""Where there is no speech, nothing is decoded."""

Pipeline = Literal["sequential", "batched"]
Document = dict[str, Any]
"""A segment as JSON."""


@dataclass(frozen=True, slots=True)
class Language:
    """A code and its probability; 1 for one that the caller named. None where nothing was said."""

    code: str | None
    probability: float


class TranscriptionRunner:
    """An attempt begins anew: segments are stored for those who watch, not to go on from."""

    def __init__(self, *, residency: Residency, lane: Lane) -> None:
        self._residency = residency
        self._lane = lane
        self._windows = Windows(lane)
        self._diarization = Diarization(residency=residency, lane=lane)

    def run(self, step: Step, spec: TranscriptionSpec) -> dict[str, Any]:
        # Who follows the job must not take segments of an earlier attempt for those of this one.
        step.files.delete(segment_prefix(step.job.id, step.claim.position))
        audio = decoded(step, SAMPLE_RATE)
        speakers = self._diarization.run(step, spec, audio.samples) if spec.diarize else None
        with self._residency.use(spec.model, check=step.check) as whisper:
            _check(whisper, spec)
            speech = find_speech(audio.samples, _vad(spec))
            step.check()
            language = self._language(step, spec, whisper, speech)
            pipeline = _pipeline(spec, speech)
            transcription = _transcription(spec, whisper, speech, language, pipeline)
            # Closed at once where a segment cannot be stored, so that no more windows are decoded for it.
            with closing(self._segments(step, whisper, transcription, begun=SHARE if speakers else 0.0)) as heard:
                segments = [_kept(step, document) for document in _documents(heard, speakers)]
        if not segments and not spec.language:
            language = Language(None, 0.0)  # a guess at the language of nothing
        warnings = [*audio.warnings, *_left_out(transcription)]
        return _store(step, spec, audio, segments, language, pipeline, speakers, warnings)

    def _language(self, step: Step, spec: TranscriptionSpec, whisper: Whisper, speech: Speech) -> Language:
        """That of the first 30 s of speech, unless the caller named one."""
        if spec.language:
            return Language(spec.language, 1.0)
        if not speech.length:
            return Language(None, 0.0)
        beginning = whisper.hear(speech.cut(0, min(LONGEST, speech.length)))
        detection = self._lane.submit(partial(whisper.language, beginning, spec.languages), deadline=step.deadline(0.0))
        return Language(*step.wait(detection))

    def _segments(
        self, step: Step, whisper: Whisper, transcription: Transcription, *, begun: float
    ) -> Generator[Segment, None, None]:
        """Each window is handed in on its own, so that a short file need not wait for a long one.

        `begun`: how much of the step is done already.
        """
        pending: deque[tuple[Window, Future[Heard]]] = deque()
        try:
            while not transcription.finished:
                # One batch is decoded while the next one is prepared.
                while len(pending) < 2 * whisper.batch and (window := transcription.next()):
                    step.check()
                    pending.append((window, self._submit(step, whisper, window)))
                window, heard = pending.popleft()
                yield from transcription.take(window, step.wait(heard))
                step.progress(min(0.99, begun + (1 - begun) * transcription.progress))
        finally:
            for _, heard in pending:
                heard.cancel()

    def _submit(self, step: Step, whisper: Whisper, window: Window) -> Future[Heard]:
        deadline = step.deadline(window.seconds_before)
        return self._windows.submit(whisper, window.sound, window.decoding, deadline=deadline)


def _check(whisper: Whisper, spec: TranscriptionSpec) -> None:
    try:
        for language in (spec.language, *spec.languages):
            whisper.check(language, spec.task)
    except UnsupportedLanguage as error:
        raise InvalidRequest(str(error), param="language") from error
    except UnsupportedTask as error:
        raise InvalidRequest(str(error), param="task") from error


def _vad(spec: TranscriptionSpec) -> Vad:
    return Vad(**spec.vad.model_dump())


def _pipeline(spec: TranscriptionSpec, speech: Speech) -> Pipeline:
    if spec.pipeline != "auto":
        return spec.pipeline
    return "batched" if speech.length > LONG * SAMPLE_RATE else "sequential"


def _transcription(
    spec: TranscriptionSpec, whisper: Whisper, speech: Speech, language: Language, pipeline: Pipeline
) -> Transcription:
    cuts = stretches(speech) if pipeline == "batched" else whole(speech)
    decoding = Decoding(
        language=language.code or NO_LANGUAGE,
        task=spec.task,
        prompt=spec.prompt,
        hotwords=spec.hotwords,
        word_times=spec.word_times or spec.diarize,
    )
    return Transcription(speech, cuts, decoding, hear=whisper.hear, temperature=spec.temperature)


def _documents(segments: Iterable[Segment], speakers: Speakers | None) -> Iterator[Document]:
    """The segments as they are stored. Where speakers are known, each has one, and ids count anew."""
    if speakers is None:
        return ({**asdict(segment), "speaker": None} for segment in segments)
    parts = chain.from_iterable(speakers.split(asdict(segment)) for segment in segments)
    return (part | {"id": number} for number, part in enumerate(parts))


def _left_out(transcription: Transcription) -> list[str]:
    if not transcription.dropped:
        return []
    seconds = max(1, round(transcription.dropped))
    return [f"About {seconds} s of speech could not be understood and were left out."]


def _kept(step: Step, document: Document) -> Document:
    key = segment_key(step.job.id, step.claim.position, document["id"])
    step.files.put(key, json.dumps(document, ensure_ascii=False).encode())
    step.tell(document["id"])
    return document


def _store(
    step: Step,
    spec: TranscriptionSpec,
    audio: Decoded,
    segments: list[Document],
    language: Language,
    pipeline: Pipeline,
    speakers: Speakers | None,
    warnings: list[str],
) -> dict[str, Any]:
    duration = audio.samples.size / audio.sample_rate
    transcript = {
        "text": "".join(segment["text"] for segment in segments).strip(),
        "task": spec.task,
        "language": language.code,
        "language_probability": language.probability,
        "duration": duration,
        "segments": segments,
        "speakers": list(speakers.names.values()) if speakers else [],
        "warnings": warnings,
    }
    key = result_key(step.job.id, "transcript.json")
    step.check()
    step.files.put(key, json.dumps(transcript, ensure_ascii=False).encode())
    return {
        "file": key,
        "media_type": "application/json",
        "duration": duration,
        "language": language.code,
        "language_probability": language.probability,
        "model": spec.model,
        "task": spec.task,
        "pipeline": pipeline,
        "segments": len(segments),
        "warnings": warnings,
    }
