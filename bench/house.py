"""A whole Voxhall of the benchmark's own, started as a user starts it."""

import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 180.0


@dataclass(frozen=True, slots=True)
class House:
    url: str
    key: str
    supervisor: int
    data_dir: Path

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
        try:
            _wait(house)
            yield house
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(15)


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
