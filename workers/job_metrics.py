"""What every worker counts: jobs, models and webhooks. Its presence carries the numbers to the API."""

import time
from collections.abc import Mapping
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from jobs.deliveries import Attempt
from jobs.ledger import Job
from workers.metrics import SECONDS
from workers.voices import voice_of

LONG = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0, 21600.0)
VOICE = "voice"
"""In place of the ids of voices that callers added."""


class JobMetrics:
    """Without a registry nobody sees them."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self._wait = Histogram(
            "voxhall_job_wait_seconds", "To a job's first claim", ["kind"], buckets=LONG, registry=registry
        )
        self._seconds = Histogram(
            "voxhall_job_seconds", "From there to its end", ["kind", "state"], buckets=LONG, registry=registry
        )
        self._device = Counter("voxhall_device_seconds", "Work of the device", ["kind"], registry=registry)
        self._audio = Counter("voxhall_job_audio_seconds", "Audio of jobs that are done", ["kind"], registry=registry)

    def began(self, job: Job) -> None:
        """`job` as it is with its first claim."""
        self._wait.labels(job.kind).observe(max(0.0, (job.started_at or job.created_at) - job.created_at))

    def worked(self, kind: str, seconds: float) -> None:
        self._device.labels(kind).inc(seconds)

    def succeeded(self, job: Job, result: Mapping[str, Any]) -> None:
        """`job` as it was when the step began."""
        self._audio.labels(job.kind).inc(float(result.get("duration") or 0.0))
        self._ended(job, "succeeded")

    def failed(self, job: Job) -> None:
        self._ended(job, "failed")

    def _ended(self, job: Job, state: str) -> None:
        self._seconds.labels(job.kind, state).observe(max(0.0, time.time() - (job.started_at or job.created_at)))


class ModelMetrics:
    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self._loads = Counter("voxhall_model_loads", "Models that were loaded", ["model"], registry=registry)
        self._evictions = Counter("voxhall_model_evictions", "Models that made room", ["model"], registry=registry)
        self._now = Gauge("voxhall_model_loaded", "Models that are loaded now", ["model"], registry=registry)
        self._seconds = Histogram(
            "voxhall_model_load_seconds", "Seconds of a load", ["model"], buckets=SECONDS, registry=registry
        )

    def loaded(self, model_id: str, seconds: float) -> None:
        label = label_of(model_id)
        self._loads.labels(label).inc()
        self._now.labels(label).inc()
        self._seconds.labels(label).observe(seconds)

    def evicted(self, model_id: str) -> None:
        self._evictions.labels(label_of(model_id)).inc()
        self._now.labels(label_of(model_id)).dec()


class WebhookMetrics:
    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self._attempts = Counter("voxhall_webhook_attempts", "Attempts to deliver", ["outcome"], registry=registry)
        self._seconds = Histogram("voxhall_webhook_seconds", "Of an attempt", buckets=SECONDS, registry=registry)

    def tried(self, attempt: Attempt) -> None:
        outcome = "delivered" if attempt.arrived else "unreachable" if attempt.status is None else "refused"
        self._attempts.labels(outcome).inc()
        self._seconds.observe(attempt.seconds)


def label_of(model_id: str) -> str:
    """The model's id; no id of a voice that somebody added."""
    return VOICE if voice_of(model_id) else model_id
