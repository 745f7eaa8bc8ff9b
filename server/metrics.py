"""`/metrics`: what the ledger holds and what the workers count, in Prometheus's text format."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping

from fastapi import APIRouter
from fastapi.concurrency import run_in_threadpool
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector
from redis.exceptions import RedisError
from starlette.responses import Response

from jobs.errors import Unavailable
from jobs.presence import Presence
from jobs.specs import QUEUES
from server.hall import Hall, HallDependency

router = APIRouter(tags=["health"])


@router.get("/metrics", response_class=Response)
async def metrics(hall: HallDependency) -> Response:
    """Numbers for Prometheus: jobs by queue and state, and of each worker its batches, waits and seconds of audio."""
    return Response(await run_in_threadpool(_shown, hall), media_type=CONTENT_TYPE_LATEST)


def _shown(hall: Hall) -> bytes:
    try:
        workers = hall.presences.all()
    except RedisError as error:
        raise Unavailable("Redis does not answer, so the workers' numbers are out of reach.") from error
    registry = CollectorRegistry()
    registry.register(_Numbers([_jobs(hall.ledger.unfinished()), *_of_workers(workers)]))
    return generate_latest(registry)


class _Numbers(Collector):
    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = list(families)

    def collect(self) -> Iterator[Metric]:
        yield from self._families


def _jobs(counts: Mapping[tuple[str, str], int]) -> Metric:
    family = GaugeMetricFamily("voxhall_jobs", "Steps of jobs that wait or run", labels=["queue", "state"])
    for queue in QUEUES:
        for state in ("queued", "running"):
            family.add_metric([queue, state], counts.get((queue, state), 0))
    return family


def _of_workers(workers: Iterable[Presence]) -> Iterable[Metric]:
    """The numbers of all workers, each with the worker's labels: one family for each name, as the format wants it."""
    families: dict[str, Metric] = {}
    for worker in workers:
        labels = {"role": worker.role, "worker": _alias(worker.worker)}
        for found in text_string_to_metric_families(worker.metrics):
            family = families.setdefault(found.name, Metric(found.name, found.documentation, found.type))
            for sample in found.samples:
                family.add_sample(sample.name, {**sample.labels, **labels}, sample.value)
    return families.values()


def _alias(worker: str) -> str:
    """Tells the starts of workers apart without their names, which hold the machine's."""
    return hashlib.sha256(worker.encode()).hexdigest()[:8]
