"""Whether a speech spec can be done: the one place where a request for speech is checked."""

from audio.errors import AudioError
from audio.formats import format_named
from jobs.errors import InvalidRequest, TextTooLong, UnknownModel, UnknownVoice
from jobs.specs import SpeechSpec
from models.catalog import Model
from models.language import Unspeakable, check_speakable
from server.hall import Hall
from server.installed import require


def checked_speech(hall: Hall, spec: SpeechSpec, *, longest: int | None = None) -> SpeechSpec:
    """The spec with its language, once it is sure that it can be done.

    Args:
        longest: the dialect's own limit of characters, where it is below the model's.

    Raises:
        InvalidRequest: and its kinds; `param` is the spec's name of what is wrong.
        Unavailable: the model is not installed.
    """
    model = _model(hall, spec.model)
    _check_text(spec.text, model, longest)
    _check_sound(spec, model)
    language = _language(spec, model)
    try:
        check_speakable(spec.text, language)
    except Unspeakable as error:
        raise InvalidRequest(str(error), param="text") from error
    require(hall, model.id)
    return spec.model_copy(update={"language": language})


def _model(hall: Hall, name: str) -> Model:
    model = hall.catalog.models.get(name)
    if model is None or model.kind != "speech":
        known = ", ".join(m.id for m in hall.catalog.of_kind("speech"))
        raise UnknownModel(f"There is no speech model `{_short(name)}`. Models: {known}.", param="model")
    return model


def _check_text(text: str, model: Model, longest: int | None) -> None:
    limit = min(filter(None, (longest, model.limits.text_characters)), default=len(text))
    if not text.strip():
        raise InvalidRequest("The text is empty.", param="text")
    if len(text) > limit:
        raise TextTooLong(f"The text has {len(text)} characters; {limit} is the limit.", param="text")


def _check_sound(spec: SpeechSpec, model: Model) -> None:
    slowest, fastest = model.limits.speed or (spec.speed, spec.speed)
    if not slowest <= spec.speed <= fastest:
        raise InvalidRequest(f"The speed must be {slowest} to {fastest}.", param="speed")
    try:
        format_named(spec.format).output_rate(model.sample_rate or 0, spec.sample_rate)
    except AudioError as error:
        raise InvalidRequest(str(error), param="sample_rate") from error


def _language(spec: SpeechSpec, model: Model) -> str:
    known = model.voices.get(spec.voice)
    if known is None:
        raise UnknownVoice(f"There is no voice `{_short(spec.voice)}`. `GET /voices` lists them.", param="voice")
    spoken = spec.language or known.language
    if spoken not in model.languages:
        available = ", ".join(model.languages)
        raise InvalidRequest(f"`{_short(spoken)}` is not available yet; {available} are.", param="voice")
    return spoken


def _short(name: str) -> str:
    return name[:60]
