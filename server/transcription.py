"""From a dialect's words to a transcription spec: the one place where a request for a transcript is checked."""

from jobs.errors import InvalidRequest, UnknownModel
from jobs.specs import LONGEST_PROMPT, TranscriptionSpec
from server.hall import Hall
from server.installed import installed, require

PREFERRED = ("whisper-large-v3", "whisper-large-v3-turbo", "whisper-base", "whisper-tiny.en")


def transcription_spec(
    hall: Hall,
    *,
    model: str,
    language: str | None = None,
    word_times: bool = False,
    prompt: str | None = None,
    temperature: float | None = None,
) -> TranscriptionSpec:
    """Raises:
    InvalidRequest: and its kinds; `param` is the name in this signature.
    Unavailable: the model is not installed.
    """
    catalog = hall.catalog
    if model not in catalog.models or catalog.model(model).kind != "transcription":
        known = ", ".join(m.id for m in catalog.of_kind("transcription"))
        raise UnknownModel(f"There is no transcription model `{model[:60]}`. Models: {known}.", param="model")
    require(hall, model)
    spoken = language.lower().partition("-")[0] if language else None
    if spoken and spoken not in catalog.model(model).languages:
        raise InvalidRequest(f"`{model}` does not know the language `{spoken[:20]}`.", param="language")
    if len(prompt or "") > LONGEST_PROMPT:
        raise InvalidRequest(f"The prompt may have {LONGEST_PROMPT} characters.", param="prompt")
    return TranscriptionSpec(
        model=model, language=spoken, word_times=word_times, prompt=prompt, temperature=temperature
    )


def best_transcriber(hall: Hall) -> str:
    """The best installed Whisper; where none is, the one whose absence the error shall name."""
    return next(
        (m for m in PREFERRED if m in hall.catalog.models and installed(hall, hall.catalog.model(m))), "whisper-base"
    )
