"""What speech would cost."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import Field

from jobs.specs import CloneSpec, SpeechSpec
from server.answering import candidates, chosen, is_cloning
from server.asked import asked
from server.callers import BearerKey
from server.cloning import spoken
from server.dialects.deapi.announcing import needed
from server.dialects.deapi.money import quoted
from server.dialects.deapi.names import STAND_IN, language_of, model_of
from server.dialects.deapi.speech import Sound
from server.forms import openapi_of, parsed
from server.hall import Hall, HallDependency
from server.limits import check_text
from server.pricing import credits_of
from server.strict import StrictModels

router = APIRouter()

MOST_CHARACTERS = 100_000
ANY_LANGUAGE = "1"
"""A text for what is checked of all but the text: a price may be asked for with nothing but a count."""


class SpeechPrice(Sound):
    text: str | None = Field(default=None, min_length=1, max_length=MOST_CHARACTERS, description="or `count_text`")
    count_text: int | None = Field(default=None, ge=1, le=MOST_CHARACTERS, description="characters; or `text`")
    voice: str | None = None
    instruct: str | None = None


@router.post("/api/v1/client/txt2audio/price-calculation", openapi_extra=openapi_of(SpeechPrice))
@router.post("/api/v2/audio/speech/price", openapi_extra=openapi_of(SpeechPrice))
async def price(hall: HallDependency, key: BearerKey, strict: StrictModels, request: Request) -> dict[str, Any]:
    """USD for a text, or for so many characters."""
    async with parsed(request, SpeechPrice) as body:
        if body.text is None and body.count_text is None:
            raise needed("text", "The text field is required when count_text is not present.")
        spec = await run_in_threadpool(_spec, hall, body, key.id, strict)
    return quoted(hall, credits_of(hall, spec, None))


def _spec(hall: Hall, body: SpeechPrice, key_id: str, strict: bool) -> SpeechSpec | CloneSpec:
    """What is charged as the job would be. Raises as the job's own path does, but for what is in the text."""
    text = body.text if body.text is not None else "x" * (body.count_text or 0)
    said = body.model_dump(include={"speed", "format", "sample_rate"})
    said |= {"text": ANY_LANGUAGE, "language": language_of(body.lang)}
    with asked():
        if body.mode == "custom_voice" and not is_cloning(hall, model_of(body.model)):
            preset = SpeechSpec(**said, model=model_of(body.model), voice=body.voice or STAND_IN)
            spec = spoken(hall, preset, key_id, strict=strict)
        else:
            spec = CloneSpec(**said, model=_cloning_model(hall, body, strict), instruct=body.instruct)
    check_text(text, hall.catalog.model(spec.model), None)
    return spec.model_copy(update={"text": text})


def _cloning_model(hall: Hall, body: SpeechPrice, strict: bool) -> str:
    language = language_of(body.lang)
    match body.mode:
        case "voice_design":
            return chosen(hall, body.model, verb="design", language=language, seconds=None, strict=strict).id
        case "custom_voice" if candidates(hall, body.model, "stock"):
            return chosen(hall, body.model, verb="stock", language=language, seconds=None, strict=strict).id
        case _:
            return chosen(hall, body.model, verb="clone", language=language, seconds=None, strict=strict).id
