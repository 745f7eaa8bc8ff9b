"""`/v1/tts/`: a text in a stock voice, a saved one or an embedded one; answers a queued job, or events."""

from typing import Annotated, Any

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import Field
from starlette.responses import Response

from jobs.errors import InvalidRequest
from jobs.ledger import Job
from jobs.specs import AudioFormat, CloneSpec, SpeechSpec
from jobs.webhooks import LONGEST_URL, Webhook
from server.accepting import accept
from server.answering import is_cloning
from server.asked import asked
from server.callers import AnyoneKey, Caller
from server.cloning import checked_clone, spoken
from server.dialects.ttsai import events
from server.dialects.ttsai.ids import EMBEDDED, SAVED, voice_id
from server.dialects.ttsai.jobs import NAME, headers, queued
from server.given import Given
from server.hall import Hall, HallDependency
from server.picking import SPEECH, picked
from server.strict import StrictModels
from server.webhooks import webhook

router = APIRouter()

EVENTS: dict[int | str, dict[str, Any]] = {200: {"content": {"text/event-stream": {}}}}

Similarity = Annotated[float, Field(ge=0, le=1, description="how much it shall sound like the reference; Chatterbox")]


class Speech(Given):
    text: str
    voice: str | None = Field(default=None, description="a stock voice, or as `user_voice_id` and `embed_id`")
    model: str | None = Field(default=None, description="absent: that of the voice, or one of the language")
    format: AudioFormat = "mp3"
    speed: Annotated[float, Field(ge=0.5, le=2.0)] = 1.0
    language: str | None = Field(default=None, description="a code, or `auto`")
    user_voice_id: str | None = Field(default=None, description="a saved voice, `uv_…`")
    embed_id: str | None = Field(default=None, description="an embedding, `emb_…`")
    instructions: str | None = None
    pronunciations: dict[str, str] = Field(default_factory=dict)
    boost: Similarity | None = None
    stream: bool = Field(default=False, description="answer events, as `/v1/tts/stream/` does")
    webhook_url: str | None = Field(default=None, max_length=LONGEST_URL, description="is told when the job has ended")

    @property
    def cloned(self) -> str | None:
        """The id or name of the voice that is none of the stock ones, if the request says so."""
        named = self.voice if (self.voice or "").startswith((SAVED, EMBEDDED)) else None
        given = self.user_voice_id or self.embed_id or named
        return voice_id(given) if given else None


@router.post("/tts/", response_model=dict[str, Any], responses=EVENTS)
async def create(
    hall: HallDependency, key: AnyoneKey, strict: StrictModels, body: Speech, request: Request, response: Response
) -> dict[str, Any] | Response:
    """Accepts a text of up to 100,000 characters; poll `/v1/speech/results/?uuid=` until it is `completed`."""
    if body.stream:
        return await answered(hall, key, body, strict, request)

    def accepted() -> tuple[Job, dict[str, Any]]:
        spec, told = checked(hall, body, key.id, strict), _webhook(hall, body, request)
        job = accept(hall, key, spec, dialect=NAME, webhook=told)
        return job, queued(hall, request, key, job, **_facts(body, spec))

    job, answer = await run_in_threadpool(accepted)
    response.headers.update(headers(job))
    return answer


async def answered(hall: Hall, key: Caller, body: Speech, strict: bool, request: Request) -> Response:
    """Server-sent events. Raises what `checked` and `events.answer` raise."""
    spec = await run_in_threadpool(checked, hall, body, key.id, strict)
    told = await run_in_threadpool(_webhook, hall, body, request)
    return await events.answer(hall, key, spec, request, told)


def checked(hall: Hall, body: Speech, key_id: str, strict: bool) -> SpeechSpec | CloneSpec:
    """The spec of a request, once it is sure that it can be done.

    Raises:
        InvalidRequest, NotServed, Unavailable: as `spoken` and `checked_clone`.
    """
    if body.cloned is not None:
        return _cloned(hall, body, key_id, strict)
    if body.voice is None:
        raise InvalidRequest("Name a `voice`, or a saved one as `user_voice_id`.", param="voice")
    language = language_of(body.language)
    model, voice = picked(hall, body.model, body.voice, text=body.text, language=language, strict=strict)
    body = body.model_copy(update={"model": model, "voice": voice})
    if is_cloning(hall, model):
        return _cloned(hall, body, key_id, strict)
    with asked():
        return spoken(hall, _stock(body), key_id, strict=strict)


def _webhook(hall: Hall, body: Speech, request: Request) -> Webhook | None:
    return webhook(hall, request, form="ttsai", url=body.webhook_url)


def _facts(body: Speech, spec: SpeechSpec | CloneSpec) -> dict[str, Any]:
    followed = bool(body.instructions) and isinstance(spec, CloneSpec) and spec.instruct is not None
    supported = isinstance(spec, CloneSpec) and spec.source == "stock"
    return {"model": spec.model, "instructions_supported": supported, "instructions_applied": followed}


def _cloned(hall: Hall, body: Speech, key_id: str, strict: bool) -> CloneSpec:
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
