"""Runs enrolment steps: a recording is checked and kept as the voice of whoever speaks in it."""

from contextlib import suppress
from typing import Any

from jobs.errors import Conflict, LeaseLost, NotFound, QuotaExceeded, Unavailable
from jobs.files import REFERENCE, input_key, voice_key, voice_prefix
from jobs.ledger import Ledger
from jobs.specs import EnrolmentSpec
from jobs.voices import SavedVoice, Voices
from workers.clearing import nothing_kept
from workers.clips import as_wav
from workers.references import Prepared, References
from workers.step import Step

LASTING, PASSING = "clone", "embedding"
"""The kinds of voices: those that are in lists until they are removed, and those that the reaper takes."""


class EnrolmentRunner:
    """The voice has the id of its job. Whatever ends the job, the recording goes; only the clip of a voice stays."""

    def __init__(self, references: References, ledger: Ledger, *, most_voices: int) -> None:
        """`most_voices`: lasting ones that a key may have."""
        self._references = references
        self._ledger = ledger
        self._voices = Voices(ledger.database)
        self._most_voices = most_voices

    def run(self, step: Step, spec: EnrolmentSpec) -> dict[str, Any]:
        """The voice's id and what is told of it.

        Raises:
            BadReference: the recording is refused.
            Conflict: the key has a voice of this name.
            QuotaExceeded
            LeaseLost, Stopping
        """
        nothing_kept(step, lambda: self._clear(step))
        voice = self._added(step)
        result = _result(voice, ()) if voice else self._add(step, spec)
        with suppress(Unavailable):  # the voice is there; the reaper deletes later
            step.files.delete(input_key(step.job.id, ""))
        return result

    def _added(self, step: Step) -> SavedVoice | None:
        """The voice, where an attempt that died later has added it."""
        try:
            return self._voices.get(step.job.id)
        except NotFound:
            return None

    def _add(self, step: Step, spec: EnrolmentSpec) -> dict[str, Any]:
        voice_id, key_id = step.job.id, step.job.key_id
        self._check(spec, key_id)
        prepared = self._references.prepare(step, spec)
        wav = as_wav(prepared.clip.samples)
        step.check()
        step.files.put(voice_key(voice_id, REFERENCE), wav)
        kind = LASTING if spec.lasting else PASSING
        details = _details(step, spec, prepared, size=len(wav))
        # No progress is told here: the waiting caller's absence would be noticed then, after this look.
        if self._ledger.lost([step.claim]):
            raise LeaseLost
        self._check(spec, key_id)
        self._voices.add(voice_id, key_id=key_id, name=spec.name, kind=kind, shared=spec.shared, details=details)
        return _result(self._voices.get(voice_id), prepared.warnings)

    def _check(self, spec: EnrolmentSpec, key_id: str) -> None:
        """Before the work, and after it: others may have added voices meanwhile."""
        if self._voices.named(spec.name, key_id=key_id):
            raise Conflict(f"There is a voice named `{spec.name}` already.", param="name")
        if spec.lasting and self._voices.count(key_id=key_id, kind=LASTING) >= self._most_voices:
            raise QuotaExceeded(f"There are {self._most_voices} saved voices, as many as may be: remove one first.")

    def _clear(self, step: Step) -> None:
        """Leaves no file of a voice that was not added. Another worker may have added it meanwhile."""
        if self._added(step) is None:
            step.files.delete(voice_prefix(step.job.id))


def _details(step: Step, spec: EnrolmentSpec, prepared: Prepared, *, size: int) -> dict[str, Any]:
    known = {"consent_id": spec.consent_id, "designed": spec.designed}
    return {
        "text": prepared.text,
        "language": prepared.language,
        "seconds": round(prepared.clip.seconds, 3),
        "model": spec.model,
        "description": spec.description,
        "consent_at": step.job.created_at if spec.consent else None,
        "size": size,
        **{name: value for name, value in known.items() if value},
    }


def _result(voice: SavedVoice, warnings: tuple[str, ...]) -> dict[str, Any]:
    return {"voice": voice.id, "name": voice.name, **voice.details, "warnings": list(warnings)}
