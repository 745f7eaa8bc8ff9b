"""Whether a transcription spec can be done: the one place where a request for a transcript is checked."""

from jobs.errors import InvalidRequest, UnknownModel
from jobs.specs import TranscriptionSpec
from server.hall import Hall
from server.installed import installed, require

PREFERRED = ("whisper-large-v3", "whisper-large-v3-turbo", "whisper-base", "whisper-tiny.en")


def checked_transcription(hall: Hall, spec: TranscriptionSpec) -> TranscriptionSpec:
    """The spec with its language as Whisper names it, once it is sure that it can be done.

    Raises:
        InvalidRequest: and its kinds; `param` is the spec's name of what is wrong.
        Unavailable: the model is not installed.
    """
    model = hall.catalog.models.get(spec.model)
    if model is None or model.kind != "transcription":
        known = ", ".join(m.id for m in hall.catalog.of_kind("transcription"))
        raise UnknownModel(f"There is no transcription model `{spec.model[:60]}`. Models: {known}.", param="model")
    require(hall, model.id)
    spoken = spec.language.lower().partition("-")[0] if spec.language else None
    if spoken and spoken not in model.languages:
        raise InvalidRequest(f"`{model.id}` does not know the language `{spoken[:20]}`.", param="language")
    return spec.model_copy(update={"language": spoken})


def best_transcriber(hall: Hall) -> str:
    """The best installed Whisper; where none is, the one whose absence the error shall name."""
    return next(
        (m for m in PREFERRED if m in hall.catalog.models and installed(hall, hall.catalog.model(m))), "whisper-base"
    )
