"""The whole product as a user starts it, in a child process."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import httpx

from tests.conftest import ROOT
from tests.e2e.processes import alive, command_line, descendants

KEY = "a-key-of-the-e2e-tests"
UPLOAD_LIMIT = 3 * 1024 * 1024
START_SECONDS = 120
STOP_SECONDS = 10
"""The limit that `voxhall up` promises."""

Found = TypeVar("Found")


class Product:
    """`voxhall up` on its own data folder. What it prints and what it logs lie beside that folder."""

    def __init__(self, folder: Path, port: int, models_dir: Path, **env: str) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.data_dir = folder / "data"
        self.printed = folder / "printed"
        self.logged = folder / "log"
        self.env = os.environ | {
            "VOXHALL_API_KEY": KEY,
            "VOXHALL_MODELS_DIR": str(models_dir),
            "VOXHALL_MAX_UPLOAD_BYTES": str(UPLOAD_LIMIT),
            "VOXHALL_DEVICE": "cpu",
            "VOXHALL_COMPILE_KERNELS": "false",  # half a minute of a core for each new data folder
            "VOXHALL_SPEECH_THREADS": "4",
            **env,
        }
        options = ["--host", "127.0.0.1", "--port", str(port), "--data-dir", str(self.data_dir)]
        with self.printed.open("w") as printed, self.logged.open("w") as logged:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "cli", "up", *options], cwd=ROOT, env=self.env, stdout=printed, stderr=logged
            )

    def client(self, key: str = KEY) -> httpx.Client:
        return httpx.Client(base_url=self.url, headers={"Authorization": f"Bearer {key}"}, timeout=120)

    def ready(self) -> bool:
        assert self.process.poll() is None, self.said()
        try:
            return httpx.get(f"{self.url}/readyz", timeout=5).is_success
        except httpx.TransportError:
            return False

    def greeted(self) -> bool:
        """Whether it is ready and its own first sentence is over."""
        return self.ready() and "Ctrl-C" in self.printed.read_text()

    def pid(self, command: str) -> int | None:
        """The supervisor's child whose command line holds `command`."""
        return next((pid for pid in descendants(self.process.pid) if command in command_line(pid)), None)

    def stop(self) -> int:
        """Ctrl-C. Raises TimeoutExpired where it takes longer than promised."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(STOP_SECONDS)

    def said(self) -> str:
        return self.printed.read_text() + self.logged.read_text()

    def files(self) -> set[Path]:
        """All that lies in the file store and among the temporary files, less the processes' signs of life."""
        folders = (self.data_dir / "files", self.data_dir / "tmp")
        found = {path for folder in folders for path in folder.rglob("*") if path.is_file()}
        return {path for path in found if path.name != "lock" and path.suffix != ".alive"}


@contextmanager
def running(folder: Path, port: int, models_dir: Path, **env: str) -> Iterator[Product]:
    """A product that is ready. Afterwards it must stop in time, and leave no process behind."""
    product = Product(folder, port, models_dir, **env)
    try:
        try:
            until(product.greeted)
        except AssertionError as error:
            raise AssertionError(product.said()) from error
        yield product
        family = descendants(product.process.pid)
        assert product.stop() == 0
        assert not alive(family)
    finally:
        product.process.kill()
        product.process.wait()


def until(look: Callable[[], Found | None], *, seconds: float = START_SECONDS) -> Found:
    """What `look` finds, once it finds something true. Fails where that takes longer than `seconds`."""
    end = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < end, f"nothing came in {seconds} s"
        time.sleep(0.05)
    return found


def voxhall(product: Product, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    """A command beside the running product, with its settings."""
    own = product.env | {"VOXHALL_PUBLIC_URL": product.url, "VOXHALL_DATA_DIR": str(product.data_dir), "COLUMNS": "200"}
    return run(*arguments, env=own | env)


def run(*arguments: str, env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "cli", *arguments],
        cwd=ROOT,
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=START_SECONDS,
    )
