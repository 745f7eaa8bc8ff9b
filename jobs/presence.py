"""Which workers are alive, what they hold and whether their models are loaded. Kept in Redis, gone when they are."""

import json
import re
import socket
import uuid
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field

import redis

LIFETIME = 15
EVERY = 4.0


def new_worker_id(role: str) -> str:
    """The name of one start of a worker. Process ids come again, in containers at each start."""
    host = re.sub(r"[^A-Za-z0-9.-]", "-", socket.gethostname())[:40]
    return f"{role}@{host}.{uuid.uuid4().hex[:8]}"


@dataclass(frozen=True, slots=True)
class Presence:
    worker: str
    role: str
    queues: list[str]
    device: str
    ready: bool
    """Whether the models that this worker always keeps are loaded."""
    problem: str | None = None
    """Why it cannot become ready, in one line."""
    running: int = 0
    models: list[str] = field(default_factory=list)
    metrics: str = ""
    """What it counts, in Prometheus's text format."""


class Presences:
    def __init__(self, url: str) -> None:
        self._redis = redis.Redis.from_url(url, socket_connect_timeout=2, socket_timeout=5, decode_responses=True)

    def announce(self, presence: Presence) -> None:
        self._redis.set(_key(presence.worker), json.dumps(asdict(presence)), ex=LIFETIME)

    def leave(self, worker: str) -> None:
        self._redis.delete(_key(worker))

    def all(self) -> list[Presence]:
        return sorted(self._present(), key=lambda presence: (presence.role, presence.worker))

    def _present(self) -> Iterator[Presence]:
        for key in self._redis.scan_iter(_key("*")):
            if raw := self._redis.get(key):
                yield Presence(**json.loads(str(raw)))


def _key(worker: str) -> str:
    return f"voxhall:worker:{worker}"
