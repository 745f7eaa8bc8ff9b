"""Runs embedding steps: a saved voice is made ready for a model, so that its next request starts at once."""

from typing import Any

from jobs.specs import EmbeddingSpec
from workers.casting import Casting
from workers.embedding import clip_of_voice, saved_voice
from workers.step import Step


class EmbeddingRunner:
    def __init__(self, casting: Casting) -> None:
        self._casting = casting

    def run(self, step: Step, spec: EmbeddingSpec) -> dict[str, Any]:
        """The embedding's version, and the seconds of the clip that it was made of.

        Raises:
            UnknownVoice: the voice was removed while the job waited.
            UnusableReference
            LeaseLost, Stopping
        """
        casting, embeddings = self._casting, self._casting.embeddings
        saved = saved_voice(casting.voices, spec.voice)
        clip, calls = clip_of_voice(step.files, saved), casting.calls(step)
        with casting.residency.use(spec.model, check=step.check) as engine:
            embeddings.voice(clip, model_id=spec.model, engine=engine, calls=calls, files=step.files)
            version = embeddings.version(spec.model, engine)
        saved_voice(casting.voices, spec.voice)
        return {"voice": saved.id, "model": spec.model, "version": version, "seconds": saved.details.get("seconds")}
