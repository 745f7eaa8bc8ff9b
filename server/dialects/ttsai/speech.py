"""`/v1/tts/`: a text in a stock voice, a saved one or an embedded one; answers a queued job."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.responses import Response

from jobs.errors import InvalidRequest
from jobs.specs import CloneSpec, SpeechSpec
from server.accepting import accept
from server.answering import is_cloning
from server.asked import asked
from server.callers import BearerKey
from server.cloning import checked_clone, engine_headers, spoken
from server.dialects.ttsai.ids import EMBEDDED, SAVED, voice_id
from server.dialects.ttsai.jobs import NAME, queued
from server.hall import Hall, HallDependency
from server.strict import StrictModels

router = APIRouter()

SPEECH = "kokoro"
Similarity = Annotated[float, Field(ge=0, le=1, description="how much it shall sound like the reference; Chatterbox")]


class Speech(BaseModel):
    text: str
    voice: str | None = Field(default=None, description="a stock voice, or as `user_voice_id` and `embed_id`")
    model: str | None = Field(default=None, description="absent: `kokoro`, or the saved voice's own")
    format: Literal["mp3", "wav", "flac", "ogg"] = "mp3"
    speed: Annotated[float, Field(ge=0.5, le=2.0)] = 1.0
    language: str | None = Field(default=None, description="a code, or `auto`")
    user_voice_id: str | None = Field(default=None, description="a saved voice, `uv_…`")
    embed_id: str | None = Field(default=None, description="an embedding, `emb_…`")
    instructions: str | None = None
    pronunciations: dict[str, str] = {}
    boost: Similarity | None = None

    @property
    def cloned(self) -> str | None:
        """The id or name of the voice that is none of the stock ones, if the request says so."""
        named = self.voice if (self.voice or "").startswith((SAVED, EMBEDDED)) else None
        given = self.user_voice_id or self.embed_id or named
        return voice_id(given) if given else None


@router.post("/v1/tts/")
@router.post("/api/v1/tts/")
def create(
    hall: HallDependency, key: BearerKey, strict: StrictModels, body: Speech, response: Response
) -> dict[str, Any]:
    """Accepts a text of up to 100,000 characters; poll `/v1/speech/results/?uuid=` until it is `completed`."""
    spec = _checked(hall, body, key.id, strict)
    job = accept(hall, key, spec, dialect=NAME)
    response.headers.update(engine_headers(job))
    followed = bool(body.instructions) and isinstance(spec, CloneSpec) and spec.instruct is not None
    supported = isinstance(spec, CloneSpec) and spec.source == "stock"
    return queued(job, model=spec.model, instructions_supported=supported, instructions_applied=followed)


def _checked(hall: Hall, body: Speech, key_id: str, strict: bool) -> SpeechSpec | CloneSpec:
    if body.cloned is None and body.voice is None:
        raise InvalidRequest("Name a `voice`, or a saved one as `user_voice_id`.", param="voice")
    if body.cloned is None and not is_cloning(hall, body.model or SPEECH):
        with asked():
            return spoken(hall, _stock(body), key_id, strict=strict)
    if body.pronunciations:
        raise InvalidRequest("A cloned voice takes no `pronunciations`.", param="pronunciations")
    with asked():
        spec = checked_clone(hall, _clone(hall, body), key_id, strict=strict)
    if spec.source == "stock" and body.instructions:
        # The manner of a voice that the model brings; a cloned one speaks in its own.
        return spec.model_copy(update={"instruct": body.instructions})
    return spec


def _stock(body: Speech) -> SpeechSpec:
    return SpeechSpec(
        text=body.text,
        voice=body.voice or "",
        model=body.model or SPEECH,
        language=language_of(body.language),
        speed=body.speed,
        format=body.format,
        pronunciations=body.pronunciations,
    )


def _clone(hall: Hall, body: Speech) -> CloneSpec:
    # The official clients always send `kokoro` and `af_bella`, also beside a saved voice.
    model = None if body.model in (None, *(known.id for known in hall.catalog.of_kind("speech"))) else body.model
    return CloneSpec(
        text=body.text,
        voice=body.cloned or body.voice,
        language=language_of(body.language),
        speed=body.speed,
        format=body.format,
        guidance=body.boost,
        **({"model": model} if model else {}),
    )


def language_of(given: str | None) -> str | None:
    """None: that of the text."""
    return None if given in (None, "", "auto") else given
