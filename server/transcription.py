"""Whether a transcription spec can be done: the one place where a request for a transcript is checked."""

from typing import Literal

from jobs.errors import InvalidRequest, UnknownModel
from jobs.specs import TranscriptionSpec
from models.catalog import Model
from server.hall import Hall
from server.installed import installed, require

Task = Literal["transcribe", "translate"]

PREFERRED = ("whisper-large-v3", "whisper-large-v3-turbo", "whisper-base", "whisper-tiny.en")

DIARIZER = "campplus"

UNTRAINED = frozenset({"whisper-large-v3-turbo"})
"""Those that answer in the language that was spoken, even where they are told to translate."""


def checked_transcription(hall: Hall, spec: TranscriptionSpec) -> TranscriptionSpec:
    """The spec with its languages as Whisper names them, once it is sure that it can be done.

    Raises:
        InvalidRequest: and its kinds; `param` is the spec's name of what is wrong.
        Unavailable: the model is not installed.
    """
    model = hall.catalog.models.get(spec.model)
    if model is None or model.kind != "transcription":
        known = ", ".join(m.id for m in hall.catalog.of_kind("transcription"))
        raise UnknownModel(f"There is no transcription model `{spec.model[:60]}`. Models: {known}.", param="model")
    require(hall, model.id)
    if spec.diarize:
        require(hall, DIARIZER)
    if spec.task == "translate" and not _translates(model):
        remedy = "`voxhall models pull whisper-base` fetches one that can."
        raise InvalidRequest(f"`{model.id}` cannot translate. {remedy}", param="model")
    spoken = _known(model, spec.language, "language") if spec.language else None
    among = tuple(dict.fromkeys(_known(model, language, "languages") for language in spec.languages))
    only = among[0] if len(among) == 1 else None
    return spec.model_copy(update={"language": spoken or only, "languages": among})


def _known(model: Model, language: str, param: str) -> str:
    """The code without the region."""
    spoken = language.lower().replace("_", "-").partition("-")[0]
    if spoken not in model.languages:
        message = f"`{model.id}` does not know the language `{spoken[:20]}`; write a code such as `en` or `pt-BR`."
        raise InvalidRequest(message, param=param)
    return spoken


def best_transcriber(hall: Hall, *, task: Task = "transcribe") -> str:
    """The best installed Whisper for the task; where none is, the one that the error shall name."""
    known = [hall.catalog.model(name) for name in PREFERRED if name in hall.catalog.models]
    here = [model for model in known if installed(hall, model)]
    able = [model for model in here if task == "transcribe" or _translates(model)]
    return next((model.id for model in able or here), "whisper-base")


def _translates(model: Model) -> bool:
    return model.languages != ("en",) and model.id not in UNTRAINED
