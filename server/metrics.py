"""`/metrics`: what the ledger holds and what the workers count, in Prometheus's text format."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from fastapi.concurrency import run_in_threadpool
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector
from redis.exceptions import RedisError
from starlette.responses import Response

from jobs import counts
from jobs.database import Database
from jobs.errors import Unavailable
from jobs.presence import Presence
from jobs.specs import QUEUES
from server.hall import Hall, HallDependency
from server.metrics_guard import guarded

router = APIRouter(tags=["health"])

Only = Annotated[
    Literal["api"] | None,
    Query(description="`api`: the numbers of the API process that answers, and not those that all of them tell alike"),
]


@router.get("/metrics", response_class=Response, dependencies=[Depends(guarded)])
async def metrics(hall: HallDependency, only: Only = None) -> Response:
    """Numbers for Prometheus: jobs, queues, requests and webhooks, and what each worker tells of its work."""
    shown = _shown_alone if only else _shown
    return Response(await run_in_threadpool(shown, hall), media_type=CONTENT_TYPE_LATEST)


def _shown(hall: Hall) -> bytes:
    try:
        workers = hall.presences.all()
    except RedisError as error:
        raise Unavailable("Redis does not answer, so the workers' numbers are out of reach.") from error
    return _written([*_of_ledger(hall.database), *hall.numbers.requests.collect(), *_of(hall, workers)])


def _shown_alone(hall: Hall) -> bytes:
    return _written([*hall.numbers.requests.collect(), *_of(hall, ())])


def _written(families: Iterable[Metric]) -> bytes:
    registry = CollectorRegistry()
    registry.register(_Numbers(families))
    return generate_latest(registry)


class _Numbers(Collector):
    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = list(families)

    def collect(self) -> Iterator[Metric]:
        yield from self._families


def _of_ledger(database: Database) -> Iterator[Metric]:
    steps = GaugeMetricFamily("voxhall_jobs", "Steps of jobs that wait or run", labels=["queue", "state"])
    oldest = GaugeMetricFamily("voxhall_queue_oldest_seconds", "Age of the oldest job that waits", labels=["queue"])
    found, none = counts.open_steps(database), counts.OpenSteps(0, 0.0)
    for queue in QUEUES:
        for state in ("queued", "running"):
            steps.add_metric([queue, state], found.get((queue, state), none).count)
        oldest.add_metric([queue], found.get((queue, "queued"), none).oldest)
    yield from (steps, oldest)
    ended = CounterMetricFamily("voxhall_jobs", "Jobs that ended", labels=["kind", "dialect", "state"])
    for labels, count in sorted(counts.ended(database).items()):
        ended.add_metric(labels, count)
    yield ended
    webhooks, waiting = counts.open_deliveries(database), "Announcements that are to be sent"
    deliveries = GaugeMetricFamily("voxhall_webhooks", waiting, labels=["state"])
    for state in ("waiting", "sending"):
        deliveries.add_metric([state], webhooks.get(state, 0))
    yield deliveries


def _of(hall: Hall, workers: Iterable[Presence]) -> Iterable[Metric]:
    """The numbers of all processes, each with its labels: one family for each name, as the format wants it."""
    families: dict[str, Metric] = {}
    here = {"role": "api", "worker": hall.numbers.start}
    _merge(families, hall.numbers.process.collect(), here)
    for worker in workers:
        labels = {"role": worker.role, "worker": _alias(worker.worker)}
        _merge(families, _presence(worker), labels)
        _merge(families, text_string_to_metric_families(worker.metrics), labels)
    return families.values()


def _presence(worker: Presence) -> Iterator[Metric]:
    ready = GaugeMetricFamily("voxhall_worker_ready", "Whether its models are loaded", labels=["device"])
    ready.add_metric([worker.device], worker.ready)
    yield ready
    yield GaugeMetricFamily("voxhall_worker_steps", "Steps of jobs that it holds", value=worker.running)


def _merge(families: dict[str, Metric], found: Iterable[Metric], labels: Mapping[str, str]) -> None:
    for one in found:
        family = families.setdefault(one.name, Metric(one.name, one.documentation, one.type))
        for sample in one.samples:
            family.add_sample(sample.name, {**sample.labels, **labels}, sample.value)


def _alias(worker: str) -> str:
    """Tells the starts of processes apart without their names, which hold the machine's."""
    return hashlib.sha256(worker.encode()).hexdigest()[:8]
