"""Loads what a role keeps loaded, and tells the others that this worker is there."""

import logging
import threading
from collections.abc import Callable

from prometheus_client import generate_latest
from redis.exceptions import RedisError

from jobs.presence import EVERY, Presence, Presences
from workers.engines import Engines
from workers.roles import Role
from workers.worker import Worker

log = logging.getLogger(__name__)


class Attendance:
    def __init__(self, *, role: Role, worker: Worker, engines: Engines, presences: Presences) -> None:
        self._role = role
        self._worker = worker
        self._residency = engines.residency
        self._device = engines.device
        self._metrics = engines.metrics
        self._presences = presences
        self._loaded = threading.Event()
        self._problem: str | None = None
        self._announcing = threading.Thread(target=self._announce, name="announce", daemon=True)

    def begin(self) -> None:
        threading.Thread(target=self._load, name="load", daemon=True).start()
        self._announcing.start()

    def end(self) -> None:
        self._worker.stopping.set()
        self._announcing.join()
        self._tell(lambda: self._presences.leave(self._worker.name))

    def _load(self) -> None:
        try:
            for model_id in self._role.keeps:
                with self._residency.use(model_id):
                    log.info("model loaded", extra={"model": model_id, "device": self._device})
        except Exception as error:  # noqa: BLE001 - an engine's library may raise anything; readiness shows it
            self._problem = str(error)
            log.error("model not loaded: %s", error)  # noqa: TRY400 - one line that says what to do
        else:
            self._loaded.set()

    def _announce(self) -> None:
        while not self._worker.stopping.is_set():
            self._tell(lambda: self._presences.announce(self._presence()))
            # What changes is told soon, the rest at its pace.
            self._worker.stopping.wait(EVERY if self._loaded.is_set() else EVERY / 20)

    def _presence(self) -> Presence:
        return Presence(
            worker=self._worker.name,
            role=self._role.name,
            queues=list(self._role.queues),
            device=self._device,
            ready=self._loaded.is_set(),
            problem=self._problem,
            running=self._worker.running,
            models=self._residency.loaded(),
            metrics=generate_latest(self._metrics).decode(),
        )

    def _tell(self, call: Callable[[], None]) -> None:
        try:
            call()
        except RedisError as error:
            log.warning("presence not told", extra={"reason": str(error)})
