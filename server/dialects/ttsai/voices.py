"""`/v1/voices/` and its kin: the stock voices that speak here, each with a sentence to hear; and the languages."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from jobs.errors import NotFound, UnknownModel
from models.catalog import Model, Voice
from models.language import matching, name_of, plain_code
from server.answering import answers
from server.callers import BearerKey
from server.dialects.ttsai.cloning import PREVIEWS
from server.dialects.ttsai.speech import language_of
from server.hall import Hall, HallDependency
from server.picking import FREE
from server.previews import preview, previewed
from server.results import base_url, file_response

router = APIRouter()

KEPT = "public, max-age=86400"

Known = Annotated[str | None, Query(max_length=100)]


@router.get("/voices/")
@router.get("/speech/voices/")
def voices(
    hall: HallDependency,
    _key: BearerKey,
    request: Request,
    model: Known = None,
    language: Known = None,
    gender: Literal["male", "female", "neutral", ""] | None = None,
) -> dict[str, Any]:
    """The voices that can speak now, or those of a model, a language ("es-MX" is "es"; `auto`: all) or a gender.

    Saved ones are in `/api/v1/user-voices/`.
    """
    language = language_of(language)
    wanted = _models(hall, model) if model else None
    here = [(own, voice) for own, voice in previewed(hall) if wanted is None or own.id in wanted]
    spoken = {voice.language for _, voice in here}
    spoken = {*matching(language, spoken)} if language else spoken
    found = [
        _shown(hall, request, own, voice)
        for own, voice in here
        if voice.language in spoken and gender in (None, "", voice.gender)
    ]
    return {"voices": found, "total": len(found)}


@router.get("/speech/languages/")
def languages(hall: HallDependency, _key: BearerKey) -> dict[str, Any]:
    """What the voices speak, with the number of voices of each."""
    codes = [plain_code(voice.language) for _, voice in previewed(hall)]
    found = [{"code": code, "name": name_of(code), "voices": codes.count(code)} for code in sorted(set(codes))]
    return {"languages": found, "total": len(found)}


@router.head("/voices/preview/{voice}.mp3", include_in_schema=False)
@router.get("/voices/preview/{voice}.mp3", response_class=Response, responses={200: {"content": {"audio/mpeg": {}}}})
async def sample(hall: HallDependency, voice: str, request: Request) -> Response:
    """A sentence in this voice. It is spoken when first somebody asks, then kept; so it needs no key."""
    found = next(((model, known) for model, known in previewed(hall) if known.id == voice), None)
    if found is None:
        raise NotFound(f"There is no voice `{voice[:60]}`. `/v1/voices/` lists them.")
    sentence = PREVIEWS.get(plain_code(found[1].language), PREVIEWS["en"])
    job = await preview(hall, *found, sentence, request)
    result = job.result or {}
    return file_response(hall, job.file, result["media_type"], {"Cache-Control": KEPT})


def _models(hall: Hall, name: str) -> set[str]:
    """Ids of the models that a name means. Raises `UnknownModel`."""
    if name in FREE:
        return {model.id for model in hall.catalog.of_kind("speech")}
    if name in hall.catalog.aliases:
        return {*answers(hall, name).values()}
    if name not in hall.catalog.models:
        message = f"There is no model `{name[:60]}`. `/v1/models/` lists them."
        raise UnknownModel(message, param="model")
    return {name}


def _shown(hall: Hall, request: Request, model: Model, voice: Voice) -> dict[str, Any]:
    """Under the names that are documented, and under those that the clients read."""
    return {
        "id": voice.id,
        "voice_id": voice.id,
        "name": voice.name,
        "model": model.id,
        "model_name": model.id,
        "language": plain_code(voice.language),
        "locale": voice.language,
        "gender": voice.gender,
        "preview_url": f"{base_url(hall, request)}/v1/voices/preview/{voice.id}.mp3",
        "is_premium": False,
        "tags": "",
    }
