"""Runs transcription steps: decode the input, transcribe it piece by piece, store the transcript."""

import json
from concurrent.futures import Future
from dataclasses import asdict
from typing import Any

from audio.decode import Decoded, decode
from jobs.errors import InvalidRequest
from jobs.files import input_key, result_key
from jobs.specs import TranscriptionSpec
from models.whisper.engine import Segment, Transcription, TranscriptionOptions, UnsupportedLanguage, Whisper
from workers.lane import Lane
from workers.residency import Residency
from workers.step import Step


class TranscriptionRunner:
    def __init__(self, *, residency: Residency, lane: Lane) -> None:
        self._residency = residency
        self._lane = lane

    def run(self, step: Step, spec: TranscriptionSpec) -> dict[str, Any]:
        with step.files.local(input_key(step.job.id, "audio")) as path:
            audio = decode(path, Whisper.sample_rate)
        step.check()
        options = TranscriptionOptions(
            language=spec.language, word_times=spec.word_times, prompt=spec.prompt, temperature=spec.temperature
        )
        with self._residency.use(spec.model) as whisper:
            transcription, segments = self._transcribe(step, whisper, audio, options)
        return _store(step, spec, audio, transcription, segments)

    def _transcribe(
        self, step: Step, whisper: Whisper, audio: Decoded, options: TranscriptionOptions
    ) -> tuple[Transcription, list[Segment]]:
        """Each 30 s window is a call of its own on the lane, so that a short file need not wait for a long one."""
        try:
            start = self._lane.submit(lambda: whisper.transcribe(audio.samples, options), deadline=step.deadline(0.0))
            transcription = step.wait(start)
        except UnsupportedLanguage as error:
            raise InvalidRequest(str(error), param="language") from error
        segments: list[Segment] = []
        while segment := step.wait(self._next(step, transcription, segments)):
            segments.append(segment)
            step.progress(min(0.99, segment.end / transcription.info.duration))
        return transcription, segments

    def _next(self, step: Step, transcription: Transcription, done: list[Segment]) -> Future[Segment | None]:
        deadline = step.deadline(done[-1].end if done else 0.0)
        return self._lane.submit(lambda: next(transcription.segments, None), deadline=deadline)


def _store(
    step: Step, spec: TranscriptionSpec, audio: Decoded, transcription: Transcription, segments: list[Segment]
) -> dict[str, Any]:
    info = transcription.info
    transcript = {
        "text": "".join(segment.text for segment in segments).strip(),
        "language": info.language,
        "language_probability": info.language_probability,
        "duration": info.duration,
        "segments": [asdict(segment) for segment in segments],
        "warnings": list(audio.warnings),
    }
    key = result_key(step.job.id, "transcript.json")
    step.check()
    step.files.put(key, json.dumps(transcript, ensure_ascii=False).encode())
    return {
        "file": key,
        "media_type": "application/json",
        "duration": info.duration,
        "language": info.language,
        "model": spec.model,
        "warnings": list(audio.warnings),
    }
