"""`/v1/tts/batch/`: many texts in one request; what cannot be spoken is an error of its own, not of the others."""

import json
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field, ValidationError

from jobs.batches import Batch, Batches, Refusal
from jobs.errors import InvalidRequest, LedgerUnavailable, NotFound, VoxhallError
from jobs.ledger import Job
from jobs.specs import CloneSpec, SpeechSpec
from jobs.webhooks import LONGEST_URL
from server.accepting import accept_batch
from server.callers import BearerKey, Caller, PollingKey
from server.dialects.ttsai.ids import plain
from server.dialects.ttsai.jobs import NAME, remaining, state
from server.dialects.ttsai.speech import Speech, checked
from server.given import Given
from server.hall import Hall, HallDependency
from server.strict import StrictModels
from server.webhooks import webhook

router = APIRouter()

MOST = 50

Specs = Mapping[int, SpeechSpec | CloneSpec]
"""By place."""

BatchId = Annotated[str, Query(min_length=32, max_length=36, description="the `batch_id`")]


class Texts(Given):
    texts: Annotated[list[Any], Field(min_length=1, max_length=MOST)]
    """Each as `/v1/tts/` takes it: `text`, `voice`, and `model`, `language`, `format`, `speed` where they matter."""

    webhook_url: Annotated[str | None, Field(max_length=LONGEST_URL)] = None
    """Told once all of them have ended."""


@router.post("/tts/batch/")
def create(
    hall: HallDependency, key: BearerKey, strict: StrictModels, body: Texts, request: Request, response: Response
) -> dict[str, Any]:
    """Accepts up to 50 texts; poll `/v1/tts/batch/result/?batch_id=` until it is `completed`.

    One that cannot be spoken is an item whose `status` is `failed`, and the others are spoken. Where the key's
    characters, or its unfinished jobs, allow none of them, there is no batch.
    """
    target = webhook(hall, request, form="ttsai", url=body.webhook_url)
    specs, refused = _sorted(hall, key, body.texts, strict)
    total = len(body.texts)
    batch_id = accept_batch(hall, key, specs, dialect=NAME, total=total, refused=refused, webhook=target)
    shown = _shown(hall, request, response, Batches(hall.database).get(batch_id))
    return shown | {"credits_remaining": remaining(hall, key)}


@router.get("/tts/batch/result/")
def read(
    hall: HallDependency, key: PollingKey, batch_id: BatchId, request: Request, response: Response
) -> dict[str, Any]:
    """How far a batch is; `completed` once all of it has ended, also what has failed. `items` tells of each."""
    batch = Batches(hall.database).get(plain(batch_id), key_id=key.id if key else None)
    if batch.dialect != NAME:
        raise NotFound("There is no such batch.")
    return _shown(hall, request, response, batch)


def _sorted(hall: Hall, key: Caller, texts: list[Any], strict: bool) -> tuple[Specs, dict[int, Refusal]]:
    """What can be spoken, and why the rest cannot."""
    specs: dict[int, SpeechSpec | CloneSpec] = {}
    refused: dict[int, Refusal] = {}
    for place, item in enumerate(texts):
        try:
            specs[place] = checked(hall, _speech(item), key.id, strict)
        except LedgerUnavailable:
            raise
        except VoxhallError as error:
            refused[place] = Refusal(error.code, error.message)
    return specs, refused


def _speech(item: Any) -> Speech:
    try:
        json.dumps(item, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise InvalidRequest("It has half of a character that JSON writes as two.", param="text") from error
    try:
        return Speech.model_validate(item)
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part)[:60] for part in problem["loc"])
        raise InvalidRequest(f"{place or 'item'}: {problem['msg']}", param=place or None) from error


def _shown(hall: Hall, request: Request, response: Response, batch: Batch) -> dict[str, Any]:
    jobs = hall.ledger.of_batch(batch.id)
    charged = sum(job.credits for job in jobs.values())
    response.headers["X-Credits-Used"] = str(charged)
    items = [_item(hall, request, batch, place, jobs.get(place)) for place in range(batch.total)]
    return {
        "batch_id": batch.id,
        "status": "processing" if batch.finished_at is None else "completed",
        "total": batch.total,
        "completed": sum(item["status"] in ("completed", "failed") for item in items),
        "failed": sum(item["status"] == "failed" for item in items),
        "credits_charged": charged,
        "items": items,
    }


def _item(hall: Hall, request: Request, batch: Batch, place: int, job: Job | None) -> dict[str, Any]:
    """Clients read texts here, and never null."""
    item: dict[str, Any] = {"index": place, "uuid": "", "status": "queued", "error": "", "url": "", "credits": 0}
    if job:
        return item | state(hall, request, job) | {"credits": job.credits}
    why = batch.refused.get(place) or Refusal("not_found", "The job was deleted.")
    return item | {"status": "failed", "error": why.message, "message": why.message, "code": why.code}
