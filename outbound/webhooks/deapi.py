"""deAPI's: its own headers, and an HMAC over `timestamp.body`."""

import hashlib
import hmac
import uuid
from collections.abc import Mapping

from jobs.deliveries import Delivery
from jobs.ledger import Job
from jobs.specs import TranscriptionSpec
from outbound.webhooks.news import JobNews, utc

EVENTS = {"started": "processing", "completed": "completed", "failed": "failed", "canceled": "failed"}
STATUS = {"processing": "processing", "completed": "done", "failed": "error"}

REASONS = {
    "bad_reference": "SOURCE_UNPROCESSABLE",
    "unreadable_audio": "SOURCE_UNPROCESSABLE",
    "source_refused": "SOURCE_RESTRICTED",
    "source_failed": "SOURCE_DOWNLOAD_FAILED",
    "upload_too_large": "INPUT_TOO_LARGE",
    "audio_too_long": "INPUT_TOO_LARGE",
    "unavailable": "CAPACITY_UNAVAILABLE",
    "out_of_memory": "CAPACITY_UNAVAILABLE",
}
"""deAPI's `error_reason` for our codes of jobs that failed; else it is PROCESSING_FAILED."""

OUT_OF_TIME = ("worker_died", "timed_out")
"""Our codes of jobs that deAPI calls a time-out, those among them that took their worker with them."""

OF_THE_SOURCE = ("SOURCE_UNPROCESSABLE", "SOURCE_RESTRICTED", "SOURCE_DOWNLOAD_FAILED", "INPUT_TOO_LARGE")
PASSING = ("SOURCE_DOWNLOAD_FAILED", "CAPACITY_UNAVAILABLE")


def of_job(news: JobNews) -> Mapping[str, object]:
    delivery, job = news.delivery, news.job
    event = EVENTS[delivery.event]
    begun = event != "processing" and job.started_at is not None
    data: dict[str, object] = {
        "job_request_id": str(uuid.UUID(job.id)),
        "status": STATUS[event],
        "previous_status": "processing" if begun else "pending",
        "job_type": _type(job),
    }
    match event:
        case "processing":
            data["started_at"] = utc(job.started_at)
        case "completed":
            data |= {"completed_at": utc(job.finished_at), "result_url": _result_url(news)}
            data["processing_time_ms"] = round(1000 * ((job.finished_at or 0.0) - (job.started_at or 0.0)))
        case _:
            data |= failure(job, refunded=news.price > 0)
    return _named(delivery, event) | {"data": data}


def failure(job: Job, *, refunded: bool) -> dict[str, object]:
    """Why a job failed, in deAPI's words. What it cost is given back, so it is `refunded` where it cost anything."""
    reason = REASONS.get(job.error_code or job.state, "PROCESSING_FAILED")
    worker = "WORKER_TIMEOUT" if job.error_code in OUT_OF_TIME else "WORKER_ERROR"
    return {
        "failed_at": utc(job.finished_at),
        "error_code": "PROCESSING_ERROR" if reason in OF_THE_SOURCE else worker,
        "error_message": job.why[1],
        "error_reason": reason,
        "retryable": reason in PASSING,
        "refunded": refunded,
    }


def headers(delivery: Delivery, body: bytes, secret: str | None, now: int) -> dict[str, str]:
    """Without a secret the signature is empty, as deAPI documents it."""
    signed = hmac.new(secret.encode(), f"{now}.".encode() + body, hashlib.sha256).hexdigest() if secret else ""
    return {
        "User-Agent": "DeAPI-Webhook/1.0",
        "X-DeAPI-Signature": f"sha256={signed}" if signed else "",
        "X-DeAPI-Timestamp": str(now),
        "X-DeAPI-Event": f"job.{EVENTS[delivery.event]}",
        "X-DeAPI-Delivery-Id": str(uuid.UUID(delivery.id)),
    }


def _named(delivery: Delivery, event: str) -> dict[str, object]:
    name, sent = str(uuid.UUID(delivery.id)), utc(delivery.created_at)
    return {"event": f"job.{event}", "delivery_id": name, "timestamp": sent}


def _result_url(news: JobNews) -> str | None:
    """A transcript's is made of the stored one when it is fetched, in the form that was asked for."""
    file = (news.job.result or {}).get("file")
    if file and isinstance(news.job.spec, TranscriptionSpec) and news.job.dialect == "deapi":
        return f"{news.delivery.webhook.base_url}/api/v2{news.path(file)}"
    return news.result_url


def _type(job: Job) -> str:
    if isinstance(job.spec, TranscriptionSpec):
        return str(job.spec.rendering.get("job_type") or "audio_file2text")
    return "txt2audio"
