"""Starts one worker process: settings, ledger, engines, and Celery on top."""

import os
import warnings
from typing import Any

from celery import Celery
from celery.exceptions import CPendingDeprecationWarning, SecurityWarning
from celery.signals import worker_shutting_down
from prometheus_client import CollectorRegistry

from jobs import logs, queue, tracing
from jobs.database import Database
from jobs.deliveries import Deliveries
from jobs.events import Events
from jobs.files import FileStore, open_files
from jobs.ledger import Ledger
from jobs.links import open_links
from jobs.presence import Presences, new_worker_id
from jobs.retention import Keep
from jobs.settings import Settings
from models.catalog import load_catalog
from models.store import Store
from outbound.webhooks.sender import Sender
from workers import tasks
from workers.attendance import Attendance
from workers.delivering import Deliverer
from workers.engines import Supplies, build
from workers.job_metrics import JobMetrics, WebhookMetrics
from workers.memory import limit_of
from workers.reaper import Reaper
from workers.roles import Role, RoleName, role_named, sized
from workers.watch import Watch
from workers.worker import Worker


def start(name: RoleName, settings: Settings) -> None:
    """Runs a worker until it is told to stop. SIGTERM puts its steps back; segments that are stored are kept."""
    _prepare(name, settings)
    role = role_named(name, settings)
    app = queue.connect(settings)
    redis_url = settings.redis_url or ""
    ledger, files = Ledger(Database(settings.ledger_url)), open_files(settings)
    store = Store(settings.models_dir, load_catalog(settings.catalog))
    supplies = Supplies(settings, store, files, ledger)
    engines = build(role, supplies)
    role = sized(role, engines.device)
    worker = Worker(
        name=settings.worker_id or new_worker_id(name),
        runners=engines.runners,
        threads=role.threads,
        settings=settings,
        ledger=ledger,
        files=files,
        events=Events(redis_url),
        metrics=JobMetrics(engines.metrics),
    )
    tasks.serve(worker, _deliverer(settings, ledger, files, worker, engines.metrics) if role.delivers else None)
    if role.tends:
        reaper = Reaper(ledger=ledger, files=files, keep=Keep.of(settings), data_dir=settings.data_dir)
        reaper.begin(worker.stopping)
    memory = limit_of(settings.worker_memory_bytes)
    Watch(worker, lanes=supplies.lanes, call_seconds=settings.call_seconds, memory_bytes=memory).begin()
    attendance = Attendance(role=role, worker=worker, engines=engines, presences=Presences(redis_url))
    _run(app, role, worker, attendance)


def _deliverer(
    settings: Settings, ledger: Ledger, files: FileStore, worker: Worker, metrics: CollectorRegistry
) -> Deliverer:
    sender = Sender(ledger=ledger, files=files, links=open_links(settings), settings=settings)
    return Deliverer(Deliveries(ledger.database), sender, worker.stopping, WebhookMetrics(metrics))


def _prepare(name: RoleName, settings: Settings) -> None:
    os.umask(0o077)
    # Engines load from the models folder only; this makes every library refuse what it might fetch.
    os.environ |= {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}
    # OpenMP's threads wait by spinning, which on a CPU that others use too makes a render several times slower.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    # torch would compile into a folder that others can foretell, in as many processes as there are cores.
    os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", str(settings.data_dir.resolve() / "kernels"))
    os.environ.setdefault("TRITON_CACHE_DIR", str(settings.data_dir.resolve() / "kernels" / "triton"))
    os.environ.setdefault("TORCHINDUCTOR_COMPILE_THREADS", "1")
    logs.configure(name, as_json=settings.log_json)
    tracing.begin(settings, name)
    # Celery warns root about pickled messages, where it takes JSON only; and of late acknowledgement, which is off.
    for category in (SecurityWarning, CPendingDeprecationWarning):
        warnings.filterwarnings("ignore", category=category)


def _run(app: Celery, role: Role, worker: Worker, attendance: Attendance) -> None:
    def stop(**_: Any) -> None:
        worker.stopping.set()

    worker_shutting_down.connect(stop)
    attendance.begin()
    try:
        app.worker_main(_arguments(role))
    finally:
        attendance.end()
        tracing.end()


def _arguments(role: Role) -> list[str]:
    queues = ",".join((*role.queues, *((queue.DELIVERY,) if role.delivers else ())))
    options = {"pool": "threads", "concurrency": str(role.threads), "queues": queues, "loglevel": "info"}
    named = [word for name, value in options.items() for word in (f"--{name}", value)]
    return ["--quiet", "worker", *named, "--without-gossip", "--without-mingle", "--without-heartbeat"]
