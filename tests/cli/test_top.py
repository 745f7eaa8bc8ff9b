import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest
from typer.testing import CliRunner, Result

from cli.main import app
from cli.readings import WINDOW, Reading, Readings
from jobs.database import Database
from jobs.ledger import Ledger
from jobs.presence import Presence, Presences
from jobs.settings import Settings
from jobs.specs import SpeechSpec
from server.app import create_app
from tests.conftest import ROOT
from tests.server.conftest import listening

Announce = Callable[[str], None]


@dataclass(frozen=True)
class Running:
    url: str
    settings: Settings


@pytest.fixture
def server(settings: Settings, database: Database) -> Iterator[Running]:
    with listening(create_app(settings)) as url:
        yield Running(url, settings)


@pytest.fixture
def announce(settings: Settings) -> Announce:
    """A worker on a card, with 8 of 80 GiB used."""

    def one(name: str) -> None:
        registry = CollectorRegistry()
        memory = Gauge("voxhall_vram_bytes", "", ["device", "kind"], registry=registry)
        for kind, size in (("used", 8), ("total", 80), ("budget", 40)):
            memory.labels("cuda:0", kind).set(size << 30)
        Gauge("voxhall_gpu_utilization_ratio", "", ["device"], registry=registry).labels("cuda:0").set(0.37)
        Gauge("process_resident_memory_bytes", "", registry=registry).set(3 << 30)
        Gauge("voxhall_model_loaded", "", ["model"], registry=registry).labels("kokoro").set(1)
        Counter("voxhall_job_audio_seconds", "", ["kind"], registry=registry).labels("speech").inc(7200)
        numbers = generate_latest(registry).decode()
        presence = Presence(name, "speech", ["speech"], "cuda:0", ready=True, running=5, metrics=numbers)
        Presences(settings.redis_url or "").announce(presence)

    return one


def run(*arguments: str, columns: int = 100) -> Result:
    return CliRunner().invoke(app, ["top", *arguments], env={"COLUMNS": str(columns)})


def words(shown: str, first: str) -> list[str]:
    """Of the first line that begins so."""
    return next(line.split() for line in shown.splitlines() if line.startswith(first))


def test_one_frame_tells_queue_workers_card_and_totals(
    server: Running, announce: Announce, ledger: Ledger, key_id: str
) -> None:
    announce("speech@here")
    spec = SpeechSpec(text="Hello.", voice="af_heart")
    for job_id in ("1" * 32, "2" * 32, "3" * 32):
        ledger.add(job_id=job_id, key_id=key_id, dialect="voxhall", spec=spec, interactive=False)
    ledger.cancel("3" * 32)
    assert ledger.claim("speech", "w", lease_seconds=60)
    done = run("--once", "--url", server.url)
    assert done.exit_code == 0
    tables = done.stdout.split("\n\n")
    assert words(tables[1], "speech")[:3] == ["speech", "1", "1"]
    assert words(tables[2], "speech") == ["speech", "cuda:0", "ready", "5", "3.00", "GiB", "kokoro"]
    assert words(tables[2], "api")[1:] == ["ready", *words(tables[2], "api")[2:]]
    assert words(tables[3], "speech") == ["speech", "cuda:0", "8.00", "GiB", "80.00", "GiB", "40.00", "GiB", "37%"]
    assert words(tables[4], "jobs cancelled") == ["jobs", "cancelled", "-", "1"]
    assert words(tables[4], "seconds of audio")[-1] == "2:00:00"
    assert "No worker serves the queue `transcription` yet." in tables[0]


@pytest.mark.parametrize("columns", [30, 60])
def test_no_line_is_wider_than_the_terminal(server: Running, announce: Announce, columns: int) -> None:
    announce("speech@here")
    shown = run("--once", "--url", server.url, columns=columns).stdout
    assert max(map(len, shown.splitlines())) <= columns


def test_where_no_server_is_it_is_one_line(dead_port: int) -> None:
    gone = run("--once", "--server", f"http://127.0.0.1:{dead_port}")
    assert (gone.exit_code, gone.stderr.count("\n")) == (1, 1)
    assert "`voxhall up` starts one" in gone.stderr


def test_it_is_live_until_somebody_quits(server: Running, announce: Announce) -> None:
    announce("speech@here")
    terminal, theirs = os.openpty()
    command = [sys.executable, "-m", "cli", "top", "--seconds", "0.2", "--url", server.url]
    environ = os.environ | {"TERM": "xterm", "COLUMNS": "100", "LINES": "60"}
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environ, cwd=ROOT) as process:
        os.close(theirs)
        guard = threading.Timer(60, process.kill)
        guard.start()
        shown = b""
        while shown.count(b"jobs cancelled") < 2:  # two frames
            shown += os.read(terminal, 65536)
        os.write(terminal, b"q")
        _drain(terminal)
        assert process.wait() == 0
        guard.cancel()
    os.close(terminal)


def _drain(terminal: int) -> None:
    try:
        while os.read(terminal, 65536):
            pass
    except OSError:  # how a pseudo-terminal tells that nobody is at its other end
        return


def reading(at: float, **counts: float) -> Reading:
    registry = CollectorRegistry()
    counter = Counter("done", "", ["worker"], registry=registry)
    for worker, count in counts.items():
        counter.labels(worker).inc(count)
    return Reading(at, {}, {"done_total": [one for family in registry.collect() for one in family.samples]})


def test_rates_are_those_of_the_last_minute_and_survive_a_worker_that_starts_anew() -> None:
    readings, now = Readings(), time.monotonic()
    readings.add(reading(now, first=100))
    assert readings.rate("done_total") is None
    readings.add(reading(now + 10, first=120))
    assert readings.rate("done_total") == 2.0
    readings.add(reading(now + 20, second=10))  # the first is gone, another is there
    readings.add(reading(now + 40, second=30))
    assert readings.rate("done_total") == 1.0
    readings.add(reading(now + 40 + WINDOW, second=30))
    assert readings.rate("done_total") == 0.0


def test_a_look_without_numbers_is_no_fall_to_nothing() -> None:
    readings, now = Readings(), time.monotonic()
    readings.add(Reading(now, {}))
    assert (readings.rate("done_total"), readings.last.sum("done_total")) == (None, 0)
    readings.add(reading(now + 5, first=1_000_000))
    readings.add(Reading(now + 10, {"status": "starting"}))
    assert (readings.rate("done_total"), readings.last.sum("done_total")) == (None, 1_000_000)
    assert readings.last.state == {"status": "starting"}
    readings.add(reading(now + 15, first=1_000_010))
    assert readings.rate("done_total") == 1.0
    readings.add(Reading(now + 20 + WINDOW, {}))  # nothing is left that is young enough
    assert (readings.rate("done_total"), readings.last.sum("done_total")) == (None, 0)


def test_what_a_process_counted_before_it_was_seen_is_no_growth() -> None:
    readings, now = Readings(), time.monotonic()
    readings.add(reading(now, first=100))
    readings.add(reading(now + 10, first=100, second=5_000_000))
    assert readings.rate("done_total") == 0.0
    readings.add(reading(now + 20, second=5_000_020))
    readings.add(reading(now + 40, first=140, second=5_000_020))  # the first was but out of sight
    assert readings.rate("done_total") == 1.5


def test_a_new_counter_of_what_was_there_has_begun_at_nothing() -> None:
    readings, now = Readings(), time.monotonic()
    for at, counts in ((0, {"one": 4}), (10, {"one": 4, "two": 20})):
        registry = CollectorRegistry()
        counter = Counter("done", "", ["kind"], registry=registry)
        for kind, count in counts.items():
            counter.labels(kind).inc(count)
        found = [one for family in registry.collect() for one in family.samples]
        readings.add(Reading(now + at, {}, {"done_total": found}))
    assert readings.rate("done_total") == 2.0
