"""The check of a cloned speech: its pieces are transcribed, and those that say something else are to be spoken anew."""

import json
from typing import Any

import numpy as np

from audio.pcm import Samples, from_f32
from audio.resample import resample
from jobs.errors import ModelNotInstalled
from jobs.files import segment_key, work_key
from jobs.specs import CloneSpec
from models.cloning.comparison import is_said
from models.language import plain_code
from models.language.detection import detect
from models.whisper.speech import SAMPLE_RATE
from workers.clearing import nothing_kept
from workers.hearing import Hearing
from workers.spoken import FAILED, Progress, Spoken
from workers.step import Step

NO_WHISPER = "No model that transcribes is installed, so the speech cannot be checked: `voxhall models pull {model}`."


class VerificationRunner:
    """The step after a clone's first one. Its result is the file `FAILED`, for the one that speaks anew."""

    def __init__(self, hearing: Hearing) -> None:
        self._hearing = hearing

    def run(self, step: Step, spec: CloneSpec) -> dict[str, Any]:
        """Raises `ModelNotInstalled`, and what `Step.wait` does."""
        nothing_kept(step)
        failed = []
        for index, piece in enumerate(Progress(step.files, step.job.id).pieces):
            step.check()
            if not self._is_said(step, spec, piece):
                failed.append(index)
        step.files.put(work_key(step.job.id, FAILED), json.dumps(failed).encode())
        return {}

    def _is_said(self, step: Step, spec: CloneSpec, piece: Spoken) -> bool:
        language = self._language(spec, piece.text)
        transcript = self._hearing.transcribe(step, _sound(step, spec, piece), language)
        if transcript is None:
            raise ModelNotInstalled(NO_WHISPER.format(model="whisper-base"))
        return is_said(piece.text, transcript.text, language or transcript.language)

    def _language(self, spec: CloneSpec, text: str) -> str | None:
        """One that the installed Whisper knows; None: it is to find out."""
        language = plain_code(spec.language) if spec.language else detect(text)
        return language if language and self._hearing.model(language) else None


def _sound(step: Step, spec: CloneSpec, piece: Spoken) -> Samples:
    """The piece's segments, laid end to end, at 16 kHz."""
    keys = [segment_key(step.job.id, spec.spoken_at, piece.first + number) for number in range(piece.count)]
    samples = np.concatenate([np.zeros(0, np.float32), *(from_f32(step.files.get(key)) for key in keys)])
    return resample(samples, piece.sample_rate, SAMPLE_RATE)
