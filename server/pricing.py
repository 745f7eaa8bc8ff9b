"""What a job costs, in the characters that plans count. TTS.ai's prices, whatever dialect asks."""

from jobs.prices import of_audio
from jobs.specs import AnySpec, CloneSpec, SpeechSpec
from models.catalog import Model
from server.hall import Hall

FREE, STANDARD, PREMIUM, CLONING = 1, 2, 4, 4
"""Characters charged for one that is spoken."""

FREE_MODELS = frozenset({"kokoro"})


def per_character(model: Model | None) -> int:
    """Of a model that speaks; 1 for one that is not in the catalog."""
    if model is None or model.id in FREE_MODELS:
        return FREE
    if model.kind != "cloning":
        return STANDARD
    return CLONING if "clone" in model.verbs else PREMIUM


def credits_of(hall: Hall, spec: AnySpec, seconds: float | None) -> int:
    """Characters that the job is charged; 0 for those that only prepare or save a voice.

    Args:
        seconds: of the recording to be transcribed or changed. None, or infinite: not known yet. Then a minute is
            charged, and the rest once it was heard.
    """
    if isinstance(spec, SpeechSpec | CloneSpec):
        return len(spec.text) * per_character(hall.catalog.models.get(spec.model))
    return of_audio(spec.kind, seconds)
