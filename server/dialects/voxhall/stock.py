"""`/voices` and `/models`: what there is to speak with."""

from typing import Any

from fastapi import APIRouter

from models.catalog import Model
from models.language import matching
from server.answering import answers
from server.callers import EitherKey
from server.hall import Hall, HallDependency
from server.installed import complete, installed

router = APIRouter()


@router.get("/voices")
def voices(hall: HallDependency, _key: EitherKey, language: str | None = None) -> dict[str, Any]:
    """Every stock voice, or those of a language ("es-MX" is "es"); `available` ones speak a language that is built in.

    Voices to convert into are in `/voices/rvc`, and those of callers in `/voices/saved`.
    """
    stock = [(model, voice) for model in _speakers(hall) for voice in model.voices.values()]
    languages = {voice.language for _, voice in stock}
    wanted = matching(language, languages) if language else languages
    found = [
        {
            "id": voice.id,
            "name": voice.name,
            "language": voice.language,
            "gender": voice.gender,
            "model": model.id,
            "available": voice.language in model.languages,
        }
        for model, voice in stock
        if voice.language in wanted
    ]
    return {"voices": found, "total": len(found)}


@router.get("/models")
def models(hall: HallDependency, _key: EitherKey) -> dict[str, Any]:
    """Every model of the catalog, installed or not, and the other names that models answer to.

    `answers` tells which model an alias means now, for each thing that it can do.
    """
    aliases = [
        {"id": name, "own": list(alias.own), "instead": list(alias.instead), "answers": answers(hall, name)}
        for name, alias in hall.catalog.aliases.items()
    ]
    return {"models": [_model(hall, model) for model in hall.catalog.models.values()], "aliases": aliases}


def _speakers(hall: Hall) -> list[Model]:
    """Those of the speech models, and of each cloning model that is installed and has voices of its own."""
    performers = [model for model in hall.catalog.of_kind("cloning") if "stock" in model.verbs]
    return [*hall.catalog.of_kind("speech"), *(model for model in performers if complete(hall, model))]


def _model(hall: Hall, model: Model) -> dict[str, Any]:
    return {
        "id": model.id,
        "name": model.name,
        "kind": model.kind,
        "verbs": list(model.verbs),
        "languages": list(model.languages),
        "licence": model.licence,
        "commercial": model.commercial,
        "terms": model.terms,
        "installed": installed(hall, model),
    }
