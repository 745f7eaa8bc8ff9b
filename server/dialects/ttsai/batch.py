"""`/v1/tts/batch/`: many texts in one request; what cannot be spoken is an error of its own, not of the others."""

import json
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field, ValidationError

from jobs.batches import Batch, Batches, Refusal
from jobs.errors import InvalidRequest, LedgerUnavailable, NotFound, OutOfCredits, RateLimited, VoxhallError
from jobs.ledger import Job, Place
from jobs.specs import CloneSpec, SpeechSpec
from jobs.submit import forget_batch
from server.accepting import accept
from server.callers import BearerKey, Caller, PollingKey
from server.dialects.ttsai.ids import plain
from server.dialects.ttsai.jobs import NAME, remaining, state
from server.dialects.ttsai.speech import Speech, checked
from server.hall import Hall, HallDependency
from server.repeating import once_of_words, tell_again
from server.strict import StrictModels
from server.webhooks import webhook

router = APIRouter()

MOST = 50

Specs = Mapping[int, SpeechSpec | CloneSpec]
"""By place."""

BatchId = Annotated[str, Query(min_length=32, max_length=36, description="the `batch_id`")]


class Texts(BaseModel):
    texts: Annotated[list[Any], Field(min_length=1, max_length=MOST)]
    """Each as `/v1/tts/` takes it: `text`, `voice`, and `model`, `language`, `format`, `speed` where they matter."""

    webhook_url: Annotated[str | None, Field(max_length=2_048)] = None
    """Told once all of them have ended."""


@router.post("/v1/tts/batch/")
@router.post("/api/v1/tts/batch/")
def create(hall: HallDependency, key: BearerKey, strict: StrictModels, body: Texts, request: Request) -> dict[str, Any]:
    """Accepts up to 50 texts; poll `/v1/tts/batch/result/?batch_id=` until it is `completed`.

    One that cannot be spoken is an item whose `status` is `failed`, and the others are spoken. Where the key's
    characters, or its unfinished jobs, allow none of them, there is no batch.
    """
    target = webhook(hall, request, form="ttsai", url=body.webhook_url)
    batches = Batches(hall.database)
    once = once_of_words(hall, key, json.dumps([NAME, "batch", body.model_dump()], sort_keys=True))
    batch_id, again = batches.open(key_id=key.id, dialect=NAME, total=len(body.texts), webhook=target, once=once)
    if again:
        tell_again()
    else:
        _fill(hall, key, batches, batch_id, body.texts, strict)
    return _shown(hall, request, batches.get(batch_id)) | {"credits_remaining": remaining(hall, key)}


@router.get("/v1/tts/batch/result/")
@router.get("/api/v1/tts/batch/result/")
def read(hall: HallDependency, key: PollingKey, batch_id: BatchId, request: Request) -> dict[str, Any]:
    """How far a batch is; `completed` once all of it has ended, also what has failed. `items` tells of each."""
    batch = Batches(hall.database).get(plain(batch_id), key_id=key.id if key else None)
    if batch.dialect != NAME:
        raise NotFound("There is no such batch.")
    return _shown(hall, request, batch)


def _fill(hall: Hall, key: Caller, batches: Batches, batch_id: str, texts: list[Any], strict: bool) -> None:
    """Submits what can be spoken, and seals the batch. Nothing of it remains where that cannot be done."""
    try:
        specs, refused = _sorted(hall, key, texts, strict)
        batches.seal(batch_id, refused | _submitted(hall, key, batch_id, specs))
    except BaseException:
        forget_batch(hall.ledger, hall.files, batch_id)
        raise


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


def _submitted(hall: Hall, key: Caller, batch_id: str, specs: Specs) -> dict[int, Refusal]:
    """Why those were not taken that the ledger refused: texts that are too long for the plan, or not to be paid.

    Raises:
        OutOfCredits, RateLimited: none of them was taken.
        Unavailable
    """
    refused: dict[int, Refusal] = {}
    last: VoxhallError | None = None
    for place, spec in specs.items():
        try:
            accept(hall, key.for_a_part(), spec, dialect=NAME, batch=Place(batch_id, place))
        except (InvalidRequest, OutOfCredits, RateLimited) as error:
            refused[place] = Refusal(error.code, error.message)
            last = error
    if len(refused) == len(specs) and isinstance(last, OutOfCredits | RateLimited):
        raise last
    return refused


def _shown(hall: Hall, request: Request, batch: Batch) -> dict[str, Any]:
    jobs = hall.ledger.of_batch(batch.id)
    items = [_item(hall, request, batch, place, jobs.get(place)) for place in range(batch.total)]
    return {
        "batch_id": batch.id,
        "status": "processing" if batch.finished_at is None else "completed",
        "total": batch.total,
        "completed": sum(item["status"] in ("completed", "failed") for item in items),
        "failed": sum(item["status"] == "failed" for item in items),
        "credits_charged": sum(job.credits for job in jobs.values()),
        "items": items,
    }


def _item(hall: Hall, request: Request, batch: Batch, place: int, job: Job | None) -> dict[str, Any]:
    """Clients read texts here, and never null."""
    item: dict[str, Any] = {"index": place, "uuid": "", "status": "queued", "error": "", "url": "", "credits": 0}
    if job:
        return item | state(hall, request, job) | {"credits": job.credits}
    if not batch.sealed:
        return item
    why = batch.refused.get(place) or Refusal("not_found", "The job was deleted.")
    return item | {"status": "failed", "error": why.message, "message": why.message, "code": why.code}
