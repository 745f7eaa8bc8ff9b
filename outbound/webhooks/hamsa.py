"""Hamsa's: the job as its poll shows it, with an `Authorization` header that the caller chose."""

import json
import uuid
from collections.abc import Mapping
from typing import Any

from jobs.deliveries import Delivery
from jobs.errors import NotFound
from jobs.ledger import Job
from jobs.specs import CloneSpec, SpeechSpec, TranscriptionSpec
from outbound.webhooks import standard
from outbound.webhooks.news import JobNews, utc

ASKED_FOR = "hamsa.json"
"""Input file of a transcription job: what it was asked for beside its spec."""

TITLE = 60
"""Characters of the text that a job is called by where it has no title."""

STATUS = {
    "queued": "PENDING",
    "running": "PENDING",
    "succeeded": "COMPLETED",
    "failed": "FAILED",
    "canceled": "FAILED",
}
"""Hamsa has no word for a job that runs."""

TYPES = {"speech": "TTS", "clone": "TTS", "transcription": "TRANSCRIPTION"}
"""Of our kinds; jobs of other kinds are not shown."""


def of_job(news: JobNews) -> Mapping[str, object]:
    """A transcript is fetched by its link or by a poll; it is not in here."""
    job, url = news.job, news.result_url
    if isinstance(job.spec, SpeechSpec | CloneSpec):
        said: dict[str, object] = {"text": job.spec.text, "ttsMediaFile": url}
    else:
        said = {"transcriptionUrl": url}
    done, error = STATUS[job.state] == "COMPLETED", failure(job)
    data = facts(job, _asked_for(news), price=news.price, audio=url) | {"jobResponse": said | error}
    return {"success": done, "message": error.get("error", "success"), "data": data}


def facts(job: Job, asked: Mapping[str, Any], *, price: float, audio: str | None) -> dict[str, object]:
    """What an announcement and a poll of the same job have in common.

    Args:
        asked: what `ASKED_FOR` holds.
        price: USD for a character that is charged.
        audio: a link to what the job has spoken; ignored of a job that speaks nothing.
    """
    seconds = (job.result or {}).get("duration")
    heard = isinstance(job.spec, TranscriptionSpec)
    return {
        "id": str(uuid.UUID(job.id)),
        "title": asked.get("title") or title(job),
        "type": TYPES[job.kind],
        "model": asked.get("model") or job.spec.model_dump().get("model"),
        "processingType": asked.get("processing_type") or "async",
        "status": STATUS[job.state],
        "mediaUrl": job.spec.source_url if isinstance(job.spec, TranscriptionSpec) else audio,
        "webhookUrl": job.webhook.url if job.webhook else None,
        "totalCost": cost(job, price),
        "usageTime": None if seconds is None else f"{seconds:.3f}",
        "apiKeyId": job.key_id,
        "ttsVoiceId": None if heard else voice_of(job),
        "createdAt": utc(job.created_at),
        "updatedAt": utc(job.finished_at or job.started_at or job.created_at),
    }


def failure(job: Job) -> dict[str, str]:
    """Why it failed, as a `jobResponse` has it; empty unless it has."""
    return {"error": job.why[1]} if STATUS[job.state] == "FAILED" else {}


def title(job: Job) -> str:
    """What the job is called by where nobody gave it a title."""
    if isinstance(job.spec, SpeechSpec | CloneSpec):
        return job.spec.text[:TITLE]
    return (job.spec.model_dump().get("source_url") or "")[-TITLE:]


def voice_of(job: Job) -> str | None:
    """As the caller named it."""
    return job.spec.model_dump().get("asked_voice") or job.spec.model_dump().get("voice")


def cost(job: Job, price: float) -> float:
    """USD for what the job was charged; 0 unless the server has a price."""
    return round(job.credits * price, 6)


def headers(delivery: Delivery, body: bytes, secret: str | None, now: int) -> dict[str, str]:
    made = standard.headers(delivery, body, secret, now)
    if wanted := delivery.webhook.authorization:
        made["Authorization"] = wanted
    return made


def _asked_for(news: JobNews) -> Mapping[str, Any]:
    try:
        found: Mapping[str, Any] = json.loads(news.given(ASKED_FOR))
    except NotFound:
        return {}
    return found
