"""Every voice that a caller of Hamsa's may name."""

from collections.abc import Iterator
from dataclasses import dataclass

from jobs.keys import Key
from models.catalog import Model
from models.language import name_of, plain_code
from server.answering import speaks
from server.dialects.hamsa.envelope import dashed
from server.dialects.hamsa.speakers import ARABIC, DIALECTS, SPEAKERS
from server.hall import Hall
from server.installed import complete
from server.saved_voices import listed


@dataclass(frozen=True, slots=True)
class Shown:
    id: str
    """What `voiceId` and `speaker` take."""
    name: str
    language: str | None
    dialect: str | None
    dialect_name: str | None
    gender: str | None
    saved: bool = False


def catalogue(hall: Hall, key: Key) -> list[Shown]:
    """The key's saved voices and those that it may use, Hamsa's speakers, and stock voices: those that speak now."""
    return [*_saved(hall, key), *_speakers(hall), *_stock(hall)]


def _saved(hall: Hall, key: Key) -> Iterator[Shown]:
    for voice in listed(hall, key):
        if voice.archived_at is None:
            language = voice.details.get("language")
            named = name_of(plain_code(language)) if language else None
            yield Shown(dashed(voice.id), voice.name, language, language, named, None, saved=True)


def _speakers(hall: Hall) -> Iterator[Shown]:
    english = complete(hall, hall.catalog.model("kokoro"))
    arabic = english and any(complete(hall, model) for model in _cloning(hall) if speaks(model, ARABIC))
    for one in SPEAKERS.values():
        if arabic if one.language == ARABIC else english:
            yield Shown(one.name, one.name, one.language, one.dialect, DIALECTS[one.dialect], one.gender)


def _stock(hall: Hall) -> Iterator[Shown]:
    for model in hall.catalog.of_kind("speech"):
        for voice in model.voices.values():
            if complete(hall, model) and voice.language in model.languages:
                language = plain_code(voice.language)
                yield Shown(voice.id, voice.id, language, voice.language, name_of(language), voice.gender)


def _cloning(hall: Hall) -> list[Model]:
    return [model for model in hall.catalog.of_kind("cloning") if "clone" in model.verbs]
