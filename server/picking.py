"""Which model speaks: the one that is named, one that stands in for it, or, where none is named, one that can."""

from jobs.errors import NotServed
from models.catalog import Model
from models.language import detect
from server.answering import speaks
from server.cloning import is_stock
from server.hall import Hall
from server.installed import complete
from server.limits import without_markup

SPEECH = "kokoro"

FREE = ("piper", "vits", "melotts")
"""TTS.ai's other models with stock voices: as if none were named, unless the caller is strict."""


def picked(
    hall: Hall, model: str | None, voice: str, *, text: str, language: str | None, strict: bool
) -> tuple[str, str]:
    """The names of the model and the voice to speak with.

    Where no model is named it is that of the voice; where that does not speak the language, an installed one that
    does, in a voice of the same gender.

    Args:
        language: a code or locale; None: that of the text.

    Raises:
        NotServed: the model is not run here, and no other may stand in.
    """
    if model is not None and model not in FREE:
        return model, voice
    if model is not None and (strict or hall.settings.strict_models):
        message = f"`{model}` is not run here, and no other model may stand in for it. `{SPEECH}` is."
        raise NotServed(message, param="model")
    if not is_stock(hall, voice):
        return _performer(hall, voice) or SPEECH, voice
    return _polyglot(hall, voice, language or detect(without_markup(text))) or (SPEECH, voice)


def _performers(hall: Hall) -> list[Model]:
    """Cloning models with voices of their own, the complete ones first."""
    models = [model for model in hall.catalog.of_kind("cloning") if "stock" in model.verbs]
    return sorted(models, key=lambda model: not complete(hall, model))


def _performer(hall: Hall, voice: str) -> str | None:
    return next((model.id for model in _performers(hall) if voice in model.voices), None)


def _polyglot(hall: Hall, voice: str, language: str | None) -> tuple[str, str] | None:
    """None: Kokoro speaks the language itself, or no installed model with voices of its own does."""
    if language is None or speaks(hall.catalog.model(SPEECH), language):
        return None
    stock = hall.catalog.model(SPEECH).voices.get(voice)
    for model in _performers(hall):
        if complete(hall, model) and speaks(model, language):
            alike = [own.id for own in model.voices.values() if stock is None or own.gender == stock.gender]
            return model.id, (alike or list(model.voices))[0]
    return None
