"""What a text to be spoken may be, and how it may be asked for, whatever model speaks it."""

from collections.abc import Mapping

from audio.errors import AudioError
from audio.formats import format_named
from jobs.errors import InvalidRequest, TextTooLong
from jobs.specs import ChangeSpec, CloneSpec, SpeechSpec
from models.catalog import Model
from models.reading.lexicon import check_pronunciations
from models.reading.markup import MarkupError, check, hidden


def check_text(text: str, model: Model, longest: int | None) -> None:
    """Raises `InvalidRequest` for a text that is empty, too long, or has markup that cannot be followed.

    Args:
        longest: the dialect's own limit of characters, where it is below the model's.
    """
    limit = min(filter(None, (longest, model.limits.text_characters)), default=len(text))
    if not text.strip():
        raise InvalidRequest("The text is empty.", param="text")
    if len(text) > limit:
        raise TextTooLong(f"The text has {len(text)} characters; {limit} is the limit.", param="text")
    try:
        check(text)
    except MarkupError as error:
        raise InvalidRequest(_sentence(error), param="text") from error


def check_speed(spec: SpeechSpec | CloneSpec, model: Model) -> None:
    """Raises `InvalidRequest` for a speed that the model has not."""
    slowest, fastest = model.limits.speed or (spec.speed, spec.speed)
    if not slowest <= spec.speed <= fastest:
        raise InvalidRequest(f"The speed must be {slowest} to {fastest}.", param="speed")


def check_rate(spec: SpeechSpec | CloneSpec | ChangeSpec, model: Model) -> None:
    """Raises `InvalidRequest` for a sample rate that the format cannot hold."""
    try:
        format_named(spec.format).output_rate(model.sample_rate or 0, spec.sample_rate)
    except AudioError as error:
        raise InvalidRequest(str(error), param="sample_rate") from error


def pronounceable(words: Mapping[str, str]) -> None:
    """Raises `InvalidRequest` for pronunciations that cannot be followed."""
    try:
        check_pronunciations(words)
    except MarkupError as error:
        raise InvalidRequest(_sentence(error), param="pronunciations") from error


def without_markup(text: str) -> str:
    """The words alone."""
    edges = [0, *(edge for span in hidden(text) for edge in span), len(text)]
    return " ".join(text[start:end] for start, end in zip(edges[::2], edges[1::2], strict=True))


def _sentence(error: MarkupError) -> str:
    said = str(error)
    return f"{said[:1].upper()}{said[1:]}."
