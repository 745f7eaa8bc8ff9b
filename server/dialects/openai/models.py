"""`GET /models`: the installed models under their own names, and the OpenAI names that lead to them."""

from fastapi import APIRouter

from jobs.errors import Forbidden, NotFound
from models.catalog import Model
from server.answering import answers
from server.callers import BearerKey
from server.dialects.openai.names import DATED, DIARIZER, SPEECH_MODELS, TRANSCRIPTION_MODELS, undated
from server.hall import Hall, HallDependency
from server.installed import complete, installed

router = APIRouter()

SINCE = 1735689600
"""`created` of every model: the client wants a number, and none is known."""


@router.get("/v1/models")
def models(hall: HallDependency, _key: BearerKey) -> dict[str, object]:
    """What `model` may be: the installed models, and OpenAI's names for them."""
    return {"object": "list", "data": [_entry(name) for name in _names(hall)]}


@router.get("/v1/models/{name}")
def model(hall: HallDependency, _key: BearerKey, name: str) -> dict[str, object]:
    """One of them, or an OpenAI name of theirs with any date. 404 where it is unknown or not installed."""
    if not _is_here(hall, name):
        raise NotFound(f"The model `{name[:60]}` does not exist.", param="model")
    return _entry(name)


@router.delete("/v1/models/{name}")
def delete(hall: HallDependency, _key: BearerKey, name: str) -> dict[str, object]:
    """Refused, 403: models are the operator's, and no key may delete one."""
    if not _is_here(hall, name):
        raise NotFound(f"The model `{name[:60]}` does not exist.", param="model")
    raise Forbidden(f"`{name}` is a model of this server. Its operator alone can remove it, in the models folder.")


def _is_here(hall: Hall, name: str) -> bool:
    names = _names(hall)
    return name in names or (undated(name) in names and undated(name) in (*SPEECH_MODELS, *TRANSCRIPTION_MODELS))


def _names(hall: Hall) -> list[str]:
    own = [model for model in hall.catalog.models.values() if installed(hall, model)]
    ids = [model.id for model in own if model.kind in ("speech", "transcription")]
    return list(dict.fromkeys([*ids, *_aliases(own), *_cloning(hall)]))


def _cloning(hall: Hall) -> list[str]:
    """What speaks with the caller's own voices, or with its own: the models, and the names that they answer to now."""
    models = [model for model in hall.catalog.of_kind("cloning") if {"clone", "stock"} & {*model.verbs}]
    names = [name for name in hall.catalog.aliases if {"clone", "stock"} & {*answers(hall, name)}]
    return [model.id for model in models if complete(hall, model)] + names


def _aliases(own: list[Model]) -> list[str]:
    kinds = {model.kind for model in own}
    speech = list(SPEECH_MODELS) if "speech" in kinds else []
    listening = [name for name in TRANSCRIPTION_MODELS if name != DIARIZER or "diarization" in kinds]
    found = speech + (listening if "transcription" in kinds else [])
    return found + [name for name in DATED if undated(name) in found]


def _entry(name: str) -> dict[str, object]:
    return {"id": name, "object": "model", "created": SINCE, "owned_by": "voxhall"}
