"""From a dialect's words to a speech spec: the one place where a request for speech is checked."""

from audio.errors import AudioError
from audio.formats import format_named
from jobs.errors import InvalidRequest, TextTooLong, UnknownModel, UnknownVoice
from jobs.specs import AudioFormat, SpeechSpec
from models.catalog import Catalog
from models.language import Unspeakable, check_speakable

LONGEST = 100_000
SPEEDS = (0.25, 4.0)
"""What a spec can hold, for models that set no bound."""


def speech_spec(
    catalog: Catalog,
    *,
    text: str,
    voice: str,
    model: str = "kokoro",
    language: str | None = None,
    speed: float = 1.0,
    audio_format: AudioFormat = "mp3",
    sample_rate: int | None = None,
    seed: int | None = None,
    longest: int | None = None,
) -> SpeechSpec:
    """Args:
        longest: the dialect's own limit of characters, where it is below the model's.

    Raises:
        InvalidRequest: and its kinds; `param` is the name in this signature.
    """
    if model not in catalog.models or catalog.model(model).kind != "speech":
        known = ", ".join(m.id for m in catalog.of_kind("speech"))
        raise UnknownModel(f"There is no speech model `{_short(model)}`. Models: {known}.", param="model")
    limits = catalog.model(model).limits
    limit = min(longest or LONGEST, limits.text_characters or LONGEST)
    slowest, fastest = limits.speed or SPEEDS
    if not text.strip():
        raise InvalidRequest("The text is empty.", param="text")
    if len(text) > limit:
        raise TextTooLong(f"The text has {len(text)} characters; {limit} is the limit.", param="text")
    if not slowest <= speed <= fastest:
        raise InvalidRequest(f"The speed must be {slowest} to {fastest}.", param="speed")
    try:
        format_named(audio_format).output_rate(24_000, sample_rate)
    except AudioError as error:
        raise InvalidRequest(str(error), param="sample_rate") from error
    spoken = _language(catalog, model, voice, language)
    try:
        check_speakable(text, spoken)
    except Unspeakable as error:
        raise InvalidRequest(str(error), param="text") from error
    return SpeechSpec(
        text=text,
        voice=voice,
        model=model,
        language=spoken,
        speed=speed,
        format=audio_format,
        sample_rate=sample_rate,
        seed=seed,
    )


def _language(catalog: Catalog, model: str, voice: str, language: str | None) -> str:
    known = catalog.model(model).voices.get(voice)
    if known is None:
        raise UnknownVoice(f"There is no voice `{_short(voice)}`. `GET /voices` lists them.", param="voice")
    spoken = language or known.language
    if spoken not in catalog.model(model).languages:
        available = ", ".join(catalog.model(model).languages)
        raise InvalidRequest(f"`{_short(spoken)}` is not available yet; {available} are.", param="voice")
    return spoken


def _short(name: str) -> str:
    return name[:60]
