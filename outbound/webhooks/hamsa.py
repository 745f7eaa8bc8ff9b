"""Hamsa's: the job as its poll shows it, with an `Authorization` header that the caller chose."""

import uuid
from collections.abc import Mapping

from jobs.deliveries import Delivery
from jobs.specs import CloneSpec, SpeechSpec
from outbound.webhooks import standard
from outbound.webhooks.news import JobNews, utc

TITLE = 60
"""Characters of the text that a job is called by."""


def of_job(news: JobNews) -> Mapping[str, object]:
    """A transcript is fetched by its link or by a poll; it is not in here."""
    job, url = news.job, news.result_url
    done = news.delivery.event == "completed"
    spoken = job.spec if isinstance(job.spec, SpeechSpec | CloneSpec) else None
    said: dict[str, object] = {"text": spoken.text, "ttsMediaFile": url} if spoken else {"transcriptionUrl": url}
    why = job.error_message or "The job was cancelled."
    data: dict[str, object] = {
        "id": str(uuid.UUID(job.id)),
        "title": spoken.text[:TITLE] if spoken else None,
        "type": "TTS" if spoken else "TRANSCRIPTION",
        "model": getattr(job.spec, "model", None),
        "status": "COMPLETED" if done else "FAILED",
        "mediaUrl": url if spoken else None,
        "webhookUrl": news.delivery.webhook.url,
        "jobResponse": said if done else said | {"error": why},
        "totalCost": job.credits,
        "apiKeyId": job.key_id,
        "ttsVoiceId": spoken.voice if spoken else None,
        "createdAt": utc(job.created_at),
        "updatedAt": utc(job.finished_at),
    }
    return {"success": done, "message": "success" if done else why, "data": data}


def headers(delivery: Delivery, body: bytes, secret: str | None, now: int) -> dict[str, str]:
    made = standard.headers(delivery, body, secret, now)
    if wanted := delivery.webhook.authorization:
        made["Authorization"] = wanted
    return made
