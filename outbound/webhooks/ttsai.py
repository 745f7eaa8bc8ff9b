"""TTS.ai's: a task that is over. It documents neither headers nor a signature; ours go with it."""

from collections.abc import Mapping

from jobs.deliveries import Delivery
from outbound.webhooks import standard
from outbound.webhooks.news import BatchNews, JobNews, utc


def of_job(news: JobNews) -> Mapping[str, object]:
    job = news.job
    done = news.delivery.event == "completed"
    body: dict[str, object] = {
        "event": f"task.{'completed' if done else 'failed'}",
        "task_id": job.id,
        "uuid": job.id,
        "status": "success" if done else "failed",
        "result_url": news.result_url,
        "credits_used": job.credits if done else 0,
        "created_at": utc(job.created_at),
        "completed_at": utc(job.finished_at),
    }
    if not done:
        code, said = job.why
        body |= {"error": said, "message": said, "code": code}
    return body


def of_batch(news: BatchNews) -> Mapping[str, object]:
    """Each of its items is over, well or not, and `completed` counts them all, as the poll at `result_url` does."""
    batch, base = news.batch, news.delivery.webhook.base_url
    return {
        "event": "task.completed",
        "task_id": batch.id,
        "batch_id": batch.id,
        "status": "success" if news.succeeded else "failed",
        "total": batch.total,
        "completed": batch.total,
        "failed": batch.total - news.succeeded,
        "result_url": f"{base}/v1/tts/batch/result/?batch_id={batch.id}",
        "credits_used": news.credits,
        "created_at": utc(batch.created_at),
        "completed_at": utc(batch.finished_at),
    }


def headers(delivery: Delivery, body: bytes, secret: str | None, now: int) -> dict[str, str]:
    return standard.headers(delivery, body, secret, now)
