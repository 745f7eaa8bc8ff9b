"""How fast jobs are accepted, beside a plain FastAPI route that sends a Celery task. No worker runs.

Ours has more to do before it answers: it knows the key, checks the text, counts the request, and has the job on disk.
"""

import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from bench.house import ROOT
from bench.report import Report, middle, percentile
from cli import broker
from jobs.database import Database, migrate
from jobs.keys import Keys
from jobs.queue import broker_url
from jobs.settings import environment, load_settings

ROUNDS = 5
ALONE = 100
CALLERS = 16
TOGETHER = 400
BODY = {"text": "Good evening. Shall we begin?", "voice": "af_heart"}

Headers = Callable[[], Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Side:
    name: str
    client: httpx.Client
    headers: Headers = dict

    def post(self) -> float:
        """Seconds until the job is accepted."""
        started = time.perf_counter()
        self.client.post("/v1/tts/", json=BODY, headers=self.headers()).raise_for_status()
        return time.perf_counter() - started

    def rate(self) -> float:
        """Jobs a second of many callers at once."""
        started = time.perf_counter()
        with ThreadPoolExecutor(CALLERS) as callers:
            list(callers.map(lambda _: self.post(), range(TOGETHER)))
        return TOGETHER / (time.perf_counter() - started)


def run() -> None:
    report = Report()
    with ExitStack() as stack:
        sides = _sides(stack)
        for side in sides:
            side.rate()
        alone: dict[str, list[float]] = {side.name: [] for side in sides}
        rates: dict[str, list[float]] = {side.name: [] for side in sides}
        for _ in range(ROUNDS):
            for side in sides:
                alone[side.name] += [side.post() for _ in range(ALONE)]
                rates[side.name].append(side.rate())
    report.table("accepted by", "one caller, p50", "p95", f"{CALLERS} callers, jobs/s", "of plain Celery's")
    plain = rates[sides[0].name]
    for name, waits in alone.items():
        times = (f"{1000 * value:.1f} ms" for value in (statistics.median(waits), percentile(waits, 95)))
        ratios = [ours / theirs for ours, theirs in zip(rates[name], plain, strict=True)]
        report.row(name, *times, f"{statistics.median(rates[name]):.0f}", middle(ratios, 2))


def _sides(stack: ExitStack) -> list[Side]:
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="voxhall-bench-")))
    sock = broker.socket_path(folder)
    stack.enter_context(_process(broker.command(sock), {}))
    _until(sock.exists)
    settings = load_settings(data_dir=folder, redis_url=f"unix://{sock}", port=_free_port())
    migrate(settings.ledger_url)
    database = Database(settings.ledger_url)
    key = Keys(database).create("bench")[1]
    database.close()
    ours = _served(stack, [sys.executable, "-m", "cli", "api"], environment(settings), settings.port, key)
    port = _free_port()
    queue = {"PLAIN_BROKER": broker_url(f"unix://{sock}"), "PLAIN_BACKEND": broker_url(f"unix://{sock}")}
    command = [sys.executable, "-m", "uvicorn", "bench.plain_api:app", "--port", str(port), "--log-level", "warning"]
    return [
        Side("a plain Celery task", _served(stack, command, queue, port, key)),
        Side("Voxhall", ours),
        Side("Voxhall, with an Idempotency-Key", ours, lambda: {"Idempotency-Key": uuid.uuid4().hex}),
        Side("Voxhall, the same key again", ours, lambda: {"Idempotency-Key": "the same"}),
    ]


def _served(stack: ExitStack, command: list[str], variables: Mapping[str, str], port: int, key: str) -> httpx.Client:
    stack.enter_context(_process(command, variables))
    limits = httpx.Limits(max_connections=CALLERS, max_keepalive_connections=CALLERS)
    client = httpx.Client(
        base_url=f"http://127.0.0.1:{port}", headers={"Authorization": f"Bearer {key}"}, timeout=60, limits=limits
    )
    stack.enter_context(client)
    _until(lambda: _answers(client))
    return client


def _answers(client: httpx.Client) -> bool:
    try:
        return client.get("/openapi.json").is_success
    except httpx.TransportError:
        return False


@contextmanager
def _process(command: list[str], variables: Mapping[str, str]) -> Iterator[None]:
    process = subprocess.Popen(command, cwd=ROOT, env=os.environ | dict(variables), stdout=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait(15)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _until(look: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not look():
        if time.monotonic() > end:
            raise TimeoutError("a side of the bench did not start")
        time.sleep(0.05)
