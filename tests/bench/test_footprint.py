import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from bench.footprint import (
    MEASURES,
    PROCESSES,
    Footprint,
    Sample,
    Watch,
    footprints,
    temporary_files,
    tenths,
)
from bench.report import Report
from bench.soak import grown
from tests.e2e.product import until


def flat(count: int) -> list[dict[str, Footprint]]:
    return [dict.fromkeys(PROCESSES, Footprint(1, 100.0, 20, 5, 10)) for _ in range(count)]


def told(samples: Sequence[Sample]) -> list[str]:
    return [problem.split(" grew")[0] for problem in grown(Report(), samples)]


def with_api(footprint: Footprint) -> Sample:
    return flat(1)[0] | {"api": footprint}


def test_a_house_is_seen_with_its_children() -> None:
    """A child of this process that has the API's name, and a child of its own."""
    script = "import subprocess, sys; print('on', flush=True); subprocess.run([sys.executable, '-c', 'input()'])"
    command = [sys.executable, "-c", script, "cli", "api"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stdout.readline() == b"on\n"
        until(lambda: footprints(os.getpid())["api"].threads == 2)
        found = footprints(os.getpid())["api"]
        process.communicate(b"\n")
    assert (found.pid, found.connections) == (process.pid, 0)
    assert found.memory > 5
    assert found.files >= 6


def test_open_connections_are_counted() -> None:
    before = footprints(os.getpid())["up"]
    with socket.socket(), socket.socket():
        after = footprints(os.getpid())["up"]
    assert (after.connections - before.connections, after.files - before.files) == (2, 2)


def test_a_watch_looks_until_it_is_left() -> None:
    with Watch(os.getpid(), every=0.01) as watch:
        until(lambda: len(watch.samples) >= 2)
    assert {sample["up"].pid for sample in watch.samples} == {os.getpid()}


def test_tenths_are_compared() -> None:
    samples = [{"api": Footprint(1, float(n), 1, 1, 1)} for n in range(100)]
    assert tenths(samples, "api", "memory") == (14.5, 94.5)


def test_what_stays_is_no_problem() -> None:
    report = Report()
    assert list(grown(report, flat(20))) == []
    assert "| api |" in report.text


def test_what_grows_is_told() -> None:
    samples = [*flat(18), *[with_api(Footprint(2, 106.0, 26, 9, 10))] * 2]
    assert told(samples) == ["api: it was started again", "api: memory", "api: files"]
    assert len(MEASURES) == 4


def test_memory_may_grow_by_a_twentieth_and_in_small_processes_by_a_little() -> None:
    assert told([*flat(18), *[with_api(Footprint(1, 104.0, 20, 5, 10))] * 2]) == []
    assert told([*[with_api(Footprint(1, 60.0, 20, 5, 10))] * 18, *[with_api(Footprint(1, 63.5, 20, 5, 10))] * 2])
    small = [with_api(Footprint(1, 10.0, 20, 5, 10))] * 18
    assert told([*small, *[with_api(Footprint(1, 13.5, 20, 5, 10))] * 2]) == []
    assert told([*small, *[with_api(Footprint(1, 14.5, 20, 5, 10))] * 2]) == ["api: memory"]


def test_what_could_not_be_seen_is_told() -> None:
    hidden = Footprint(1, 100.0, 20, 5, 10, hidden=2)
    away = {"up": Footprint(1, 100.0, 20, 5, 10)}
    problems = told([*flat(19), with_api(hidden), away])
    assert "api: at 2 of its processes nobody may look" in problems
    assert "valkey-server: it was away in 1 of 21 looks" in problems


@pytest.mark.skipif(os.geteuid() != 0, reason="root must become somebody who may not look")
def test_processes_at_which_nobody_may_look_are_counted() -> None:
    script = "import os, bench.footprint as f; os.seteuid(65534); print(f.footprints(os.getppid())['up'].hidden)"
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, text=True)
    assert found.stdout == "1\n"


def test_a_look_that_a_process_spoilt_is_counted() -> None:
    with Watch(2**31 - 1, every=0.01) as watch:
        until(lambda: watch.dropped)
    assert watch.samples == []


def test_temporary_files_are_counted(tmp_path: Path) -> None:
    assert temporary_files(tmp_path) == 0
    (tmp_path / "tmp" / "worker").mkdir(parents=True)
    (tmp_path / "tmp" / "worker" / "left").touch()
    assert temporary_files(tmp_path) == 1
