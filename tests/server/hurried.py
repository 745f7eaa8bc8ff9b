"""A worker that does every step at once, whatever it is: a tone for speech, the same words for every recording."""

import json
import threading
from typing import Any, Self

from audio.encode import encode
from audio.formats import format_named
from audio.pcm import to_f32
from jobs.errors import LeaseLost, NotFound
from jobs.files import REFERENCE, FileStore, result_key, segment_key, voice_key
from jobs.ledger import Claim, Job, Ledger
from jobs.specs import QUEUES, EnrolmentSpec
from jobs.voices import Voices
from tests.server.conftest import Puppet, hum

SECONDS = 0.25
SAMPLES = hum(SECONDS)
PART: dict[str, Any] = {
    "id": 0,
    "start": 0.0,
    "end": SECONDS,
    "text": " Good evening.",
    "words": [{"word": " Good evening.", "start": 0.0, "end": SECONDS, "probability": 0.9}],
    "speaker": "A",
}
TRANSCRIPT = {
    "text": "Good evening.",
    "task": "transcribe",
    "language": "en",
    "language_probability": 0.9,
    "duration": SECONDS,
    "segments": [PART],
    "speakers": ["A"],
    "warnings": [],
}
CAPTIONS = {
    "srt": "1\n00:00:00,000 --> 00:00:00,250\nGood evening.\n",
    "vtt": "WEBVTT\n\n00:00:00.000 --> 00:00:00.250\nGood evening.\n",
}


class Hurried:
    """Works in a thread for as long as the block runs."""

    def __init__(self, puppet: Puppet) -> None:
        self._puppet = puppet
        self._ledger: Ledger = puppet.ledger
        self._files: FileStore = puppet.files
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._work)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join(30)

    def _work(self) -> None:
        while not self._over.wait(0.01):
            for queue in QUEUES:
                while claim := self._ledger.claim(queue, "hurried", lease_seconds=600):
                    self._do(claim)

    def _do(self, claim: Claim) -> None:
        try:
            job = self._ledger.get(claim.job_id)
            if claim.position + 1 < len(job.spec.queues):
                self._ledger.finish(claim, {})
            elif job.kind == "voice":
                self._puppet.fail(claim, "not_a_voice", "The file is no voice.")
            else:
                self._finish(claim, job)
        except (LeaseLost, NotFound):
            return  # its caller cancelled or deleted it

    def _finish(self, claim: Claim, job: Job) -> None:
        if isinstance(job.spec, EnrolmentSpec):
            self._puppet.finish(claim, **self._voice(job, job.spec))
        elif job.kind == "transcription":
            self._files.put(segment_key(job.id, claim.position, 0), json.dumps(PART).encode())
            of = {"duration": SECONDS, "language": "en", "language_probability": 0.9, "segments": 1, "warnings": []}
            content = json.dumps(TRANSCRIPT).encode()
            self._puppet.deliver(claim, "transcript.json", content, media_type="application/json", **of)
        elif job.kind == "embedding":
            self._puppet.finish(claim, voice=job.spec.voice, model=job.spec.model)  # type: ignore[union-attr]
        else:
            self._audio(claim, job)

    def _audio(self, claim: Claim, job: Job) -> None:
        kind = format_named(job.spec.format)  # type: ignore[union-attr]
        content = encode(SAMPLES, 24_000, kind)
        self._files.put(segment_key(job.id, claim.position, 0), to_f32(SAMPLES))
        self._files.put(result_key(job.id, f"audio.{kind.extension}"), content)
        captions = {form: result_key(job.id, f"captions.{form}") for form in CAPTIONS} if job.kind == "speech" else {}
        for form, key in captions.items():
            self._files.put(key, CAPTIONS[form].encode())
        self._puppet.finish(
            claim,
            captions=captions,
            file=result_key(job.id, f"audio.{kind.extension}"),
            media_type=kind.media_type,
            format=kind.name,
            size=len(content),
            duration=SECONDS,
            sample_rate=24_000,
            segments=1,
            warnings=[],
        )

    def _voice(self, job: Job, spec: EnrolmentSpec) -> dict[str, Any]:
        voices = Voices(self._ledger.database)
        details = {"text": "Hello.", "language": "en", "seconds": 8.0, "model": spec.model, "size": 1}
        details |= {"description": spec.description, "consent_at": job.created_at}
        self._files.put(voice_key(job.id, REFERENCE), encode(SAMPLES, 24_000, format_named("wav")))
        kind = "clone" if spec.lasting else "embedding"
        voices.add(job.id, key_id=job.key_id, name=spec.name, kind=kind, shared=spec.shared, details=details)
        return {"voice": job.id, "name": spec.name, **details, "warnings": []}
