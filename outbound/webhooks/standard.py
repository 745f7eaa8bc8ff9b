"""Our own: https://www.standardwebhooks.com."""

from collections.abc import Mapping
from datetime import UTC, datetime

from standardwebhooks import Webhook as Signer

from jobs.deliveries import Delivery
from outbound.webhooks.news import BatchNews, JobNews, utc


def of_job(news: JobNews) -> Mapping[str, object]:
    job, base = news.job, news.delivery.webhook.base_url
    error = {"code": job.error_code, "message": job.error_message} if job.error_code else None
    data = {
        "id": job.id,
        "kind": job.kind,
        "state": job.state if news.delivery.event != "started" else "running",
        "error": error,
        "created_at": utc(job.created_at),
        "started_at": utc(job.started_at),
        "finished_at": utc(job.finished_at),
        "links": {"job": f"{base}/jobs/{job.id}", "result": news.result_url},
    }
    return {"type": f"job.{news.delivery.event}", "timestamp": utc(news.delivery.created_at), "data": data}


def of_batch(news: BatchNews) -> Mapping[str, object]:
    batch = news.batch
    data = {
        "id": batch.id,
        "total": batch.total,
        "succeeded": news.succeeded,
        "created_at": utc(batch.created_at),
        "finished_at": utc(batch.finished_at),
    }
    return {"type": f"batch.{news.delivery.event}", "timestamp": utc(news.delivery.created_at), "data": data}


def headers(delivery: Delivery, body: bytes, secret: str | None, now: int) -> dict[str, str]:
    """`webhook-id` is the same over all attempts; a receiver that has seen it may drop the message."""
    made = {"webhook-id": delivery.id, "webhook-timestamp": str(now)}
    if secret:
        moment = datetime.fromtimestamp(now, UTC)
        made["webhook-signature"] = Signer(secret).sign(delivery.id, moment, body.decode())
    return made
