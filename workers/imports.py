"""Runs voice steps: a community's RVC model is checked, converted and kept as a voice."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from jobs.errors import Conflict, LeaseLost, NotFound, Unavailable
from jobs.files import input_key, voice_key, voice_prefix
from jobs.ledger import Ledger
from jobs.specs import VoiceSpec
from jobs.voices import Voices
from models.rvc.importing import Imported, import_voice
from workers.clearing import nothing_kept
from workers.step import Step

KIND = "rvc"


class VoiceRunner:
    """The voice has the id of its job. Whatever ends the job, its input files go."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._voices = Voices(ledger.database)

    def run(self, step: Step, spec: VoiceSpec) -> dict[str, Any]:
        """The voice's id and what is told of it.

        Raises:
            NotAVoice: the file is refused.
            Conflict: the key has a voice of this name.
            LeaseLost, Stopping
        """
        nothing_kept(step, lambda: self._clear(step))
        result = self._added(step) or self._add(step, spec)
        with suppress(Unavailable):  # the voice is there, whatever stays beside it
            step.files.delete(input_key(step.job.id, ""))
        return result

    def _added(self, step: Step) -> dict[str, Any] | None:
        """The result, where an attempt that died later has added the voice, or this one just did."""
        try:
            voice = self._voices.get(step.job.id)
        except NotFound:
            return None
        return {"voice": voice.id, "name": voice.name, **voice.details}

    def _add(self, step: Step, spec: VoiceSpec) -> dict[str, Any]:
        voice_id, key_id = step.job.id, step.job.key_id
        if self._voices.named(spec.name, key_id=key_id):
            raise Conflict(f"There is a voice named `{spec.name}` already.", param="name")
        with _inputs(step) as (model, index), TemporaryDirectory(prefix="voxhall-") as folder:
            imported = import_voice(model, index, Path(folder))
            step.check()
            details = imported.details | {"size": _store(step, imported)}
        # No progress is told here: the waiting caller's absence would be noticed then, after this look.
        if self._ledger.lost([step.claim]):
            raise LeaseLost
        self._voices.add(voice_id, key_id=key_id, name=spec.name, kind=KIND, shared=spec.shared, details=details)
        return {"voice": voice_id, "name": spec.name, **details}

    def _clear(self, step: Step) -> None:
        """Leaves no file of a voice that was not added. Another worker may have added it meanwhile."""
        if self._added(step) is None:
            step.files.delete(voice_prefix(step.job.id))


@contextmanager
def _inputs(step: Step) -> Iterator[tuple[Path, Path | None]]:
    """The model's file, and the index's if there is one."""
    index = input_key(step.job.id, "index")
    with ExitStack() as stack:
        model = stack.enter_context(step.files.local(input_key(step.job.id, "model")))
        given = index in step.files.list(input_key(step.job.id, ""))
        yield model, stack.enter_context(step.files.local(index)) if given else None


def _store(step: Step, imported: Imported) -> int:
    """Stores the voice's files; returns their bytes together."""
    kept = [path for path in (imported.weights, imported.index) if path]
    for path in kept:
        step.files.put(voice_key(step.job.id, path.name), path)
    return sum(path.stat().st_size for path in kept)
