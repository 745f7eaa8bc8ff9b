"""Whether a speech spec can be done: the one place where a request for speech is checked."""

from collections.abc import Mapping

from audio.errors import AudioError
from audio.formats import format_named
from jobs.errors import InvalidRequest, TextTooLong, UnknownModel, UnknownVoice
from jobs.specs import SpeechSpec
from models.blend import BlendError, parse_blend
from models.catalog import Model, Voice
from models.language import Unspeakable, WrongLanguage, check_speakable, matching
from models.reading.lexicon import check_pronunciations
from models.reading.markup import MarkupError, check, hidden
from server.hall import Hall
from server.installed import require
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
    _check_text(spec.text, model, longest)
    _check_sound(spec, model)
    _check_markup(spec)
    language = _language(spec, model)
    try:
        check_speakable(_words(spec.text), language)
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


def _check_markup(spec: SpeechSpec) -> None:
    try:
        check(spec.text)
    except MarkupError as error:
        raise InvalidRequest(_sentence(error), param="text") from error
    pronounceable(spec.pronunciations)


def pronounceable(words: Mapping[str, str]) -> None:
    """Raises `InvalidRequest` for pronunciations that cannot be followed."""
    try:
        check_pronunciations(words)
    except MarkupError as error:
        raise InvalidRequest(_sentence(error), param="pronunciations") from error


def _words(text: str) -> str:
    """The text without its markup."""
    edges = [0, *(edge for span in hidden(text) for edge in span), len(text)]
    return " ".join(text[start:end] for start, end in zip(edges[::2], edges[1::2], strict=True))


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


def _sentence(error: MarkupError) -> str:
    said = str(error)
    return f"{said[:1].upper()}{said[1:]}."


def _short(name: str) -> str:
    return name[:60]
