"""`/v1/models/` and its kin: the models that are installed, under their own names and TTS.ai's."""

from collections.abc import Iterator
from typing import Any

from fastapi import APIRouter

from models.catalog import Catalog, Model
from models.language import plain_code
from server.answering import answers
from server.callers import BearerKey
from server.hall import Hall, HallDependency
from server.installed import complete
from server.pricing import per_character

router = APIRouter()

own = APIRouter()
"""What the two bases answer otherwise."""

TIERS = {1: "free", 2: "standard"}
"""By characters charged for one that is spoken; what costs more is `premium`."""


@own.get("/v1/models/")
def models(hall: HallDependency, _key: BearerKey) -> dict[str, Any]:
    """Every model that speaks here now, by its own id, and by the names that others answer to."""
    return {"models": list(_speaking(hall))}


@own.get("/api/v1/models/")
def named_models(hall: HallDependency, _key: BearerKey) -> dict[str, Any]:
    """The same. Here `name` is the id, for the Python client reads no other field that a request could take."""
    return {"models": [model | {"name": model["id"]} for model in _speaking(hall)]}


@router.get("/speech/models/")
def all_models(hall: HallDependency, _key: BearerKey) -> dict[str, Any]:
    """The same by what they do, with those that transcribe and those that change voices."""
    speaking = list(_speaking(hall))
    listening = [_entry(model.id, model, (), "stt") for model in hall.catalog.of_kind("transcription")]
    here = [entry for entry in listening if complete(hall, hall.catalog.model(entry["id"]))]
    return {
        "models": speaking,
        "tts_models": speaking,
        "stt_models": here,
        "voice_clone_models": [model for model in speaking if model["supports_cloning"]],
        "voice_conversion_models": list(_changing(hall)),
        "instructions_supported_models": [model["id"] for model in speaking if model["supports_instructions"]],
        "total": len(speaking) + len(here),
    }


def _speaking(hall: Hall) -> Iterator[dict[str, Any]]:
    for name, model, verbs in _here(hall):
        if model.kind == "speech" or {"clone", "stock"} & {*verbs}:
            yield _entry(name, model, verbs, "tts")


def _changing(hall: Hall) -> Iterator[dict[str, Any]]:
    for name, model, verbs in _here(hall):
        if "change" in verbs:
            yield _entry(name, model, verbs, "voice_conversion")


def _here(hall: Hall) -> Iterator[tuple[str, Model, tuple[str, ...]]]:
    """Installed models that make speech, by id; then aliases, each with the model that answers it first."""
    for model in (*hall.catalog.of_kind("speech"), *hall.catalog.of_kind("cloning")):
        if complete(hall, model):
            yield model.id, model, model.verbs
    for name in _aliases(hall.catalog):
        if does := answers(hall, name):
            yield name, hall.catalog.model(next(iter(does.values()))), tuple(does)


def _aliases(catalog: Catalog) -> list[str]:
    """Other APIs have capitals in theirs."""
    return [name for name in catalog.aliases if name == name.lower()]


def _entry(name: str, model: Model, verbs: tuple[str, ...], kind: str) -> dict[str, Any]:
    price = per_character(model) if kind == "tts" else 0
    return {
        "id": name,
        "name": model.name if name == model.id else f"{name} (here: {model.name})",
        "display_name": model.name,
        "model": model.id,
        "type": kind,
        "tier": TIERS.get(price, "premium") if price else "standard",
        "languages": list(dict.fromkeys(map(plain_code, model.languages))),
        "supports_cloning": "clone" in verbs,
        "supports_streaming": kind == "tts",
        "supports_instructions": "stock" in verbs,
    } | ({"credits_per_1k_chars": 1_000 * price, "credits_per_1k": 1_000 * price} if price else {})
