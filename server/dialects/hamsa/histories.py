"""`/v2/tts/histories`: what was spoken, newest first, and one more."""

from math import ceil
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import AliasChoices, BaseModel, Field

from jobs.ledger import Job
from models.language import name_of, plain_code
from outbound.webhooks.hamsa import voice_of
from server.accepting import accept
from server.callers import AnyFormKey
from server.dialects.hamsa.envelope import dashed, time, v2
from server.dialects.hamsa.jobs import NAME, Project, audio
from server.dialects.hamsa.speakers import DIALECTS, SPEAKERS, Wish, spec_of
from server.hall import Hall, HallDependency
from server.strict import StrictModels
from server.waiting import result_of

router = APIRouter()

KINDS = ("speech", "clone")
LONGEST = 3_000


class Config(BaseModel):
    speed: float = Field(default=1.0, ge=0.25, le=4.0)
    expressiveness: float | None = Field(default=None, ge=0, le=2, description="1: natural; cloned voices alone")


class NewHistory(BaseModel):
    voice_id: str = Field(validation_alias=AliasChoices("voiceId", "ttsVoiceId", "voice_id"), min_length=1)
    text: str = Field(validation_alias=AliasChoices("text", "script"), max_length=LONGEST)
    api_key: str | None = Field(default=None, alias="apiKey", max_length=1_000, description="ignored")
    config: Config = Config()


@router.get("/v2/tts/histories")
def listing(
    hall: HallDependency,
    key: AnyFormKey,
    request: Request,
    page: Annotated[int, Query(ge=1, le=1_000_000)] = 1,
    per_page: Annotated[int, Query(alias="perPage", ge=1, le=100)] = 10,
    _project: Project = None,
) -> dict[str, Any]:
    """Jobs that have spoken."""
    found = hall.ledger.page(key_id=key.id, kind=KINDS, dialect=NAME, state="succeeded", number=page, size=per_page)
    return v2(
        {
            "ttsHistories": [_shown(hall, request, job) for job in found.jobs],
            "totalPages": ceil(found.total / per_page),
            "page": page,
            "totalCount": found.total,
        }
    )


@router.post("/v2/tts/histories")
async def create(
    hall: HallDependency, key: AnyFormKey, strict: StrictModels, request: Request, body: NewHistory
) -> dict[str, Any]:
    """Speaks a text of up to 3000 characters, and waits for it."""

    def accepted() -> Job:
        config = body.config
        wish = Wish(body.text, body.voice_id, speed=config.speed, expressiveness=config.expressiveness, longest=LONGEST)
        return accept(hall, key, spec_of(hall, wish, key.id, strict=strict), dialect=NAME, interactive=True)

    job = await result_of(hall, await run_in_threadpool(accepted), request)
    return v2(_shown(hall, request, job))


def _shown(hall: Hall, request: Request, job: Job) -> dict[str, Any]:
    spec = job.spec.model_dump()
    url, name = audio(hall, request, job), voice_of(job) or ""
    speaker = SPEAKERS.get(name.lower())
    language = plain_code(spec["language"] or "en")
    dialect = {
        "languageCode": speaker.dialect if speaker else language,
        "language": DIALECTS[speaker.dialect] if speaker else name_of(language),
    }
    return {
        "id": dashed(job.id),
        "audio": url,
        "downloadUrl": url,
        "script": spec["text"],
        "createdAt": time(job.created_at),
        "ttsVoice": {"name": name, "dialect": dialect},
    }
