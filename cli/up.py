"""`voxhall up`: every process on this machine, supervised, until Ctrl-C."""

import fcntl
import logging
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

from redis.exceptions import RedisError

from cli import broker
from cli.greeting import greet, wait_until_ready
from cli.process import address_family, fail, prepare
from cli.supervisor import ROOT, Program, Supervisor
from jobs import heartbeat, logs, queue, scratch
from jobs.database import Database, migrate
from jobs.errors import Conflict, Unavailable
from jobs.keys import Keys
from jobs.ledger import Ledger
from jobs.presence import Presences, new_worker_id
from jobs.settings import Settings, environment
from models.catalog import CatalogError, load_catalog
from models.store import Store, StoreError

log = logging.getLogger(__name__)

WORKERS = ("speech", "transcription", "io")
LEAST_FREE_BYTES = 500 * 1024 * 1024
API_GRACE = 24.0
"""A little more than it takes at most, with uploads on their way: `cli.api`."""
BROKER_PATIENCE = 15.0


def run(settings: Settings) -> None:
    prepare(settings, "up")
    logs.configure("up", as_json=settings.log_json)
    with _sole_owner(settings.data_dir):
        _check(settings)
        key = open_ledger(settings)
        try:
            _supervise(settings, key)
        finally:
            scratch.sweep(settings.data_dir)


def open_ledger(settings: Settings) -> str | None:
    """Brings the ledger to the newest revision, and takes the key of the settings into it.

    Returns:
        That key, at the start that took it.
    """
    try:
        migrate(settings.ledger_url)
    except Unavailable as error:
        raise fail(error.message) from error
    if settings.api_key:
        with suppress(Conflict):  # it was taken at an earlier start
            return Keys(Database(settings.ledger_url)).create("first", settings.api_key.get_secret_value())[1]
    return None


def _supervise(settings: Settings, key: str | None) -> None:
    try:
        socket_path = None if settings.redis_url else broker.socket_path(settings.data_dir.resolve())
    except PermissionError as error:
        raise fail(f"{error}.") from error
    if socket_path:
        settings = settings.model_copy(update={"redis_url": f"unix://{socket_path}"})
    supervisor = Supervisor(_stages(settings, socket_path))
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: supervisor.request_stop())
    supervisor.start()
    try:
        if wait_until_ready(settings, supervisor):
            greet(settings, supervisor, key)
        supervisor.watch()
    finally:
        supervisor.stop()


def _stages(settings: Settings, socket_path: Path | None) -> list[list[Program]]:
    """The broker first, then the workers, then the API: so stopped, callers leave before those who work for them."""
    variables = environment(settings)
    voxhall = [sys.executable, "-m", "cli"]
    ledger = Ledger(Database(settings.ledger_url))
    presences = Presences(settings.redis_url or "")
    queue.connect(settings)

    def recover(env: Mapping[str, str], crashed: bool) -> None:
        scratch.sweep(settings.data_dir)
        take_back(env["VOXHALL_WORKER_ID"], ledger, presences, crashed=crashed)

    def swept(_env: Mapping[str, str], _crashed: bool) -> None:
        scratch.sweep(settings.data_dir)

    def living(name: str) -> Path:
        return Path(tempfile.gettempdir(), f"{name}.alive")

    def worker(role: str) -> Program:
        def env() -> Mapping[str, str]:
            own = {"VOXHALL_WORKER_ID": new_worker_id(role), "VOXHALL_HEARTBEAT_FILE": str(_fresh(living(role)))}
            return variables | own

        command, pulse = [*voxhall, "worker", role], partial(heartbeat.sign, living(role))
        return Program(role, command, env, settings.grace_seconds, recover, pulse, settings.hang_seconds)

    def api() -> Mapping[str, str]:
        return variables | {"VOXHALL_HEARTBEAT_FILE": str(_fresh(living("api")))}

    pulse = partial(heartbeat.sign, living("api"))
    callers = Program("api", [*voxhall, "api"], api, API_GRACE, swept, pulse, settings.hang_seconds)
    return [_brokers(settings, socket_path), [worker(role) for role in WORKERS], [callers]]


def take_back(dead: str, ledger: Ledger, presences: Presences, *, crashed: bool) -> None:
    """Puts the steps of a worker that died back, and has others look at them."""
    try:
        queue.wake_each(ledger.recover(worker=dead, crashed=crashed))
        presences.leave(dead)
    except (Unavailable, RedisError) as error:
        log.warning("not recovered yet; leases and presence run out", extra={"reason": type(error).__name__})


def _brokers(settings: Settings, socket_path: Path | None) -> list[Program]:
    if socket_path is None:
        return []
    # Nothing that it has to do takes seconds, and everybody waits for it.
    patience = min(settings.hang_seconds, BROKER_PATIENCE)
    command, pulse = broker.command(socket_path), broker.pulse(socket_path)
    return [Program("valkey", command, dict, 1.0, None, pulse, patience)]


def _fresh(file: Path) -> Path:
    """The file, there from the start of a process on: what is not there tells nothing."""
    with suppress(OSError):
        file.touch()
    return file


def _check(settings: Settings) -> None:
    with socket.socket(address_family(settings.host)) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            reason = f"{settings.host}:{settings.port} cannot be used: {error.strerror}"
            raise fail(f"{reason}. Stop what listens there, or choose with --host and --port.") from error
    free = shutil.disk_usage(settings.data_dir).free
    if free < LEAST_FREE_BYTES:
        raise fail(f"{settings.data_dir} has {free // 2**20} MB free; free some, or name another with --data-dir.")
    _check_device(settings)
    try:
        store = Store(settings.models_dir, load_catalog(settings.catalog))
        for model_id in ("kokoro", "spacy-en", "whisper-base"):
            store.folder_of(model_id)
    except (CatalogError, StoreError) as error:
        raise fail(str(error)) from error


def _check_device(settings: Settings) -> None:
    """Asks torch only where a card was asked for, and in a process of its own: it is large, and slow to import."""
    if not settings.device.startswith("cuda"):
        return
    question = f"from models.device import resolve_device; resolve_device({settings.device!r})"
    answer = subprocess.run([sys.executable, "-c", question], cwd=ROOT, capture_output=True, text=True, check=False)
    if answer.returncode:
        raise fail(answer.stderr.strip().splitlines()[-1].rpartition("DeviceError: ")[2])


@contextmanager
def _sole_owner(data_dir: Path) -> Iterator[None]:
    with (data_dir / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise fail(f"Another Voxhall runs on {data_dir.resolve()}; --data-dir names another folder.") from error
        yield
