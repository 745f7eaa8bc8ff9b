import os
import socket
import subprocess
import sys
from pathlib import Path

from bench.footprint import MEASURES, Footprint, Watch, footprints, temporary_files, tenths
from bench.report import Report
from bench.soak import grown
from tests.e2e.product import until


def flat(count: int) -> list[dict[str, Footprint]]:
    return [{"api": Footprint(1, 100.0, 20, 5, 10)} for _ in range(count)]


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
    samples = flat(18) + [{"api": Footprint(2, 106.0, 26, 9, 10)}] * 2
    problems = list(grown(Report(), samples))
    assert [problem.split(" grew")[0] for problem in problems] == [
        "api: it was started again",
        "api: memory",
        "api: files",
    ]
    assert len(MEASURES) == 4


def test_temporary_files_are_counted(tmp_path: Path) -> None:
    assert temporary_files(tmp_path) == 0
    (tmp_path / "tmp" / "worker").mkdir(parents=True)
    (tmp_path / "tmp" / "worker" / "left").touch()
    assert temporary_files(tmp_path) == 1
