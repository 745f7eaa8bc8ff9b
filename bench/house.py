"""A whole Voxhall of the benchmark's own, started as a user starts it."""

import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import httpx

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 180.0
GRACE = 60.0
"""Seconds that a house may take to stop."""


@dataclass(frozen=True, slots=True)
class House:
    url: str
    key: str
    supervisor: int
    data_dir: Path

    @property
    def lives(self) -> bool:
        return lives(self.supervisor)

    def client(self) -> httpx.Client:
        return httpx.Client(base_url=self.url, headers={"Authorization": f"Bearer {self.key}"}, timeout=3600)

    def pid_of(self, command: str) -> int:
        """The child whose command line ends in `command`, such as "api" or "worker speech"; or "valkey".

        Raises `LookupError`: it is not there now.
        """
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            with suppress(FileNotFoundError, ProcessLookupError):  # it ended in between
                words = path.read_bytes().decode().split("\0")
                named = " ".join(words).strip().endswith(f"cli {command}") or f"{command}-server" in words[0]
                if named and _parent(path.parent) == self.supervisor:
                    return int(path.parent.name)
        raise LookupError(command)


@contextmanager
def running_house(device: str | None = None, **settings: str) -> Iterator[House]:
    """On the device that the settings name, or on another; `settings` are further `VOXHALL_*` variables."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    key = secrets.token_urlsafe(24)
    with tempfile.TemporaryDirectory(prefix="voxhall-bench-") as folder:
        command = [sys.executable, "-m", "cli", "up", "--port", str(port), "--data-dir", folder]
        command += ["--device", device] if device else []
        environment = os.environ | {"VOXHALL_API_KEY": key} | settings
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
        house = House(f"http://127.0.0.1:{port}", key, process.pid, Path(folder))
        with ended_with_us(process):
            _wait(house)
            yield house


@contextmanager
def ended_with_us(process: "subprocess.Popen[bytes]") -> Iterator[None]:
    """Ends it with SIGINT when this is left, and also where SIGTERM ends this process: then first of all, because
    threads of ours that are to be waited for may themselves be waiting for it.
    """

    def stop(number: int, _: FrameType | None) -> None:
        _end(process)
        sys.exit(128 + number)

    ours = threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGTERM, stop) if ours else None
    try:
        yield
    finally:
        _end(process)
        if ours:
            signal.signal(signal.SIGTERM, before)


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.send_signal(signal.SIGINT)
    try:
        process.wait(GRACE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise


def lives(pid: int) -> bool:
    """Whether there is such a process, and it is not dead and merely not yet waited for."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def resident(pid: int) -> float:
    """Megabytes of a process that are in memory."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))


def _wait(house: House) -> None:
    end = time.monotonic() + PATIENCE
    with house.client() as client:
        while True:
            try:
                # The first sentence must be over too, or it is measured with the first job.
                jobs = client.get("/jobs").json()["jobs"]
                if jobs and jobs[0]["state"] == "succeeded":
                    return
            except (httpx.HTTPError, KeyError):
                if time.monotonic() > end:
                    raise
            time.sleep(0.2)


def _parent(process: Path) -> int:
    return int((process / "stat").read_text().rsplit(")", 1)[1].split()[1])
