"""Whether a speech spec can be done: the one place where a request for speech is checked."""

from jobs.errors import InvalidRequest, UnknownModel, UnknownVoice
from jobs.specs import SpeechSpec
from models.blend import BlendError, parse_blend
from models.catalog import Model, Voice
from models.language import Unspeakable, WrongLanguage, check_speakable, matching
from server.hall import Hall
from server.installed import require
from server.limits import check_rate, check_speed, check_text, pronounceable, without_markup
from server.voices import remedy


def checked_speech(hall: Hall, spec: SpeechSpec, *, longest: int | None = None) -> SpeechSpec:
    """The spec with its language, once it is sure that it can be done.

    Args:
        longest: the dialect's own limit of characters, where it is below the model's.

    Raises:
        InvalidRequest: and its kinds; `param` is the spec's name of what is wrong.
        Unavailable: the model is not installed.
    """
    model = _model(hall, spec.model)
    check_text(spec.text, model, longest)
    check_speed(spec, model)
    check_rate(spec, model)
    pronounceable(spec.pronunciations)
    language = _language(spec, model)
    try:
        check_speakable(without_markup(spec.text), language)
    except WrongLanguage as error:
        raise InvalidRequest(f"{error} {remedy(hall, error.language)}", param="text") from error
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


def _voices(spec: SpeechSpec, model: Model) -> list[Voice]:
    """The voices of a blend, or the one."""
    try:
        parts = parse_blend(spec.voice)
    except BlendError as error:
        raise InvalidRequest(str(error), param="voice") from error
    for part in parts:
        if part.voice not in model.voices:
            raise UnknownVoice(f"There is no voice `{_short(part.voice)}`. `GET /voices` lists them.", param="voice")
    return [model.voices[part.voice] for part in parts]


def _language(spec: SpeechSpec, model: Model) -> str:
    """The model's code of the language to speak; a voice speaks another language than its own with its accent."""
    own = _voices(spec, model)[0].language
    wanted = spec.language or own
    spoken = matching(wanted, model.languages)
    if not spoken:
        known = ", ".join(model.languages)
        param = "language" if spec.language else "voice"
        raise InvalidRequest(f"`{model.id}` does not speak `{_short(wanted)}`. It speaks {known}.", param=param)
    return own if own in spoken else spoken[0]


def _short(name: str) -> str:
    return name[:60]
