"""The models that are installed, under deAPI's names where it has any, with their limits, languages and voices."""

from collections.abc import Iterable
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request

from models.catalog import Model, Voice
from models.language import name_of
from server.answering import answers
from server.callers import BearerKey
from server.dialects.deapi.names import (
    CLONING,
    DEFAULT_VOICE,
    LANGUAGES,
    LISTENERS,
    MODELS,
    SECONDS,
    USUAL_SECONDS,
    WHISPER,
)
from server.hall import Hall, HallDependency
from server.installed import complete, installed
from server.results import base_url
from server.transcription import DIARIZER, best_transcriber

router = APIRouter()

PAGE, LARGEST_PAGE = 25, 50
FORMATS = ["mp3", "wav", "flac", "ogg", "opus", "aac", "m4a"]
ANY_SPEED = (0.25, 4.0)
LONGEST_TEXT = 100_000
BY_NAME = "qwen3-tts"
"""The engine whose languages deAPI writes as English names."""

Entry = dict[str, Any]
Filter = Annotated[str | None, Query(alias="filter[inference_types]", description="some of them, with commas")]
PerPage = Annotated[str | None, Query(description="ignored, as deAPI does")]


@router.get("/api/v1/client/models")
@router.get("/api/v2/models")
def models(
    hall: HallDependency,
    _key: BearerKey,
    request: Request,
    limit: int = PAGE,
    page: int = 1,
    inference_types: Filter = None,
    per_page: PerPage = None,  # noqa: ARG001
) -> dict[str, Any]:
    """A page of them: 25, or up to 50 by `limit`."""
    wanted = {name.strip() for name in inference_types.split(",")} if inference_types else None
    found = [entry for entry in _entries(hall) if wanted is None or wanted & {*entry["inference_types"]}]
    size, number = min(max(limit, 1), LARGEST_PAGE), max(page, 1)
    last = max(1, -(-len(found) // size))
    return {
        "data": found[size * (number - 1) : size * number],
        "links": _links(hall, request, number, last),
        "meta": {"current_page": number, "last_page": last, "per_page": size, "total": len(found)},
    }


def _links(hall: Hall, request: Request, number: int, last: int) -> dict[str, str | None]:
    def to(page: int) -> str:
        asked = {name: value for name, value in request.query_params.items() if name != "page"}
        return f"{base_url(hall, request)}{request.url.path}?{urlencode(asked | {'page': str(page)})}"

    before = to(min(number - 1, last)) if number > 1 else None
    return {"first": to(1), "last": to(last), "prev": before, "next": to(number + 1) if number < last else None}


def _entries(hall: Hall) -> list[Entry]:
    known = {own: slug for slug, own in MODELS.items()}
    ours = [model for model in hall.catalog.models.values() if complete(hall, model)]
    aliased = {name for slug in CLONING if slug in hall.catalog.aliases for name in hall.catalog.aliases[slug].own}
    speech = [_speaker(known.get(model.id, model.id), [model]) for model in ours if model.kind == "speech"]
    cloning = [entry for slug in CLONING if (entry := _alias(hall, slug))]
    cloning += [_speaker(model.id, [model]) for model in ours if _speaks(model) and model.id not in aliased]
    return [*speech, *cloning, *_listeners(hall, ours)]


def _speaks(model: Model) -> bool:
    # The nearest mix of stock voices is no clone, and is not to be shown as one.
    is_clone = model.kind == "cloning" and model.engine != "kokoro-match"
    return is_clone and bool({"clone", "stock", "design"} & {*model.verbs})


def _alias(hall: Hall, slug: str) -> Entry | None:
    """None where nothing that is installed answers to it."""
    if slug not in hall.catalog.aliases:
        return None
    found = answers(hall, slug)
    names = dict.fromkeys(found[verb] for verb in ("stock", "clone", "design") if verb in found)
    return _speaker(slug, [hall.catalog.model(name) for name in names]) if names else None


def _speaker(slug: str, models: list[Model]) -> Entry:
    slowest, fastest = models[0].limits.speed or ANY_SPEED
    verbs = {verb for model in models for verb in model.verbs}
    languages = _languages(models)
    voices = languages[0]["voices"] if languages else []
    limits = {
        "min_text": 1,
        "max_text": models[0].limits.text_characters or LONGEST_TEXT,
        "min_speed": slowest,
        "max_speed": fastest,
        "output_formats": FORMATS,
    }
    if "clone" in verbs:
        limits["min_ref_audio_seconds"], limits["max_ref_audio_seconds"] = _clip_seconds(slug, models)
    features = {
        "supports_voice_presets": any(model.voices for model in models),
        "supports_custom_voice": bool(verbs & {"stock", "clone"}) or any(model.voices for model in models),
        "supports_voice_clone": "clone" in verbs,
        "supports_voice_design": "design" in verbs,
    }
    defaults = {"speed": 1.0, "format": "mp3", "sample_rate": models[0].sample_rate}
    defaults |= {"lang": languages[0]["slug"]} if languages else {}
    defaults |= {"voice": voices[0]["slug"]} if voices else {}
    info = {"limits": limits, "features": features, "defaults": defaults}
    return _entry(slug, models[0].name, ["txt2audio"], info) | {"languages": languages}


def _clip_seconds(slug: str, models: list[Model]) -> tuple[float, float]:
    """What a clip of `voice_clone` may have: deAPI's own range, as far as the model takes it."""
    able = next(model for model in models if "clone" in model.verbs)
    (shortest, longest), known = SECONDS.get(slug, USUAL_SECONDS), able.limits.reference_seconds
    return (max(shortest, known[0]), min(longest, known[1])) if known else (shortest, longest)


def _languages(models: list[Model]) -> list[Entry]:
    """English first, for clients take the first."""
    codes = dict.fromkeys(code for model in models for code in model.languages)
    voices = [voice for model in models for voice in model.voices.values()]
    can_be_any = any("clone" in model.verbs for model in models)
    by_name = models[0].engine == BY_NAME
    return [
        {
            "name": name_of(code),
            "slug": name_of(code) if by_name and code in LANGUAGES.values() else code,
            "voices": [*_voices(voices, code, every=by_name), *([ANY_VOICE] if can_be_any and not voices else [])],
        }
        for code in sorted(codes, key=lambda code: not code.startswith("en"))
    ]


ANY_VOICE = {"name": "Default", "slug": DEFAULT_VOICE, "gender": None}


def _voices(voices: Iterable[Voice], code: str, *, every: bool) -> list[Entry]:
    """`every`: whether each of them speaks all languages."""
    return [
        {"name": voice.name, "slug": voice.id, "gender": voice.gender}
        for voice in voices
        if every or voice.language == code
    ]


def _listeners(hall: Hall, ours: list[Model]) -> list[Entry]:
    own = [model for model in ours if model.kind == "transcription"]
    if not own:
        return []
    best = hall.catalog.model(best_transcriber(hall))
    named = [(slug, best) for slug in LISTENERS[:2] if best.id == WHISPER or not hall.settings.strict_models]
    return [_listener(hall, slug, model) for slug, model in [*named, *((model.id, model) for model in own)]]


def _listener(hall: Hall, slug: str, model: Model) -> Entry:
    types = ["audio_file2text", "video_file2text"]
    types += ["audio2text", "video2text"] if hall.settings.fetch_urls else []
    tells_apart = installed(hall, hall.catalog.model(DIARIZER))
    info = {
        "limits": {"timestamp_levels": ["segment", "word"], "languages": list(model.languages)},
        "features": {"supports_timestamps": True, "supports_diarization": tells_apart},
        "defaults": {},
    }
    return _entry(slug, model.name, types, info)


def _entry(slug: str, name: str, types: list[str], info: Entry) -> Entry:
    status: Entry = {"inference_types": types, "tags": [], "status": "standard_model"}
    return {"name": name, "slug": slug} | status | {"info": info}
