"""Runs transcription steps: decode the input, transcribe it piece by piece, store the transcript."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from audio.decode import decode
from jobs.files import input_key, result_key
from jobs.specs import TranscriptionSpec
from models.whisper.engine import SAMPLE_RATE, Segment, TranscriptionOptions, Whisper
from workers.lane import Lane
from workers.residency import Residency
from workers.step import Step


class TranscriptionRunner:
    def __init__(self, *, residency: Residency, lane: Lane) -> None:
        self._residency = residency
        self._lane = lane

    def run(self, step: Step, spec: TranscriptionSpec) -> dict[str, Any]:
        with step.files.local(input_key(step.job.id, "audio")) as path:
            audio = decode(path, SAMPLE_RATE)
        step.check()
        options = TranscriptionOptions(
            language=spec.language, word_times=spec.word_times, prompt=spec.prompt, temperature=spec.temperature
        )
        interactive = step.claim.interactive
        with self._residency.use(spec.model) as whisper:
            start = self._lane.submit(lambda: whisper.transcribe(audio.samples, options), interactive=interactive)
            transcription = start.result()
            segments = list(self._segments(step, transcription))
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
