"""A whole Voxhall on one box of several, which shares ledger, broker and bucket with the others."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.boxes.lan import Site
from tests.conftest import ROOT
from tests.e2e.processes import alive, descendants

KEY = "a-key-of-all-the-boxes"
PORT = 8123


class Box:
    """`voxhall up` with folders of its own for all that is not shared."""

    def __init__(self, folder: Path, site: Site, shared: Mapping[str, str], *, clock: float = 0.0) -> None:
        """Args:
        clock: seconds that its clock is ahead of the others'.
        """
        folder.mkdir()
        self.url = f"http://{site.host}:{PORT}"
        self.log = folder / "log"
        self.data_dir = folder / "data"
        own = {"HOME": str(folder), "TMPDIR": str(folder), "VOXHALL_DATA_DIR": str(self.data_dir)}
        address = {"VOXHALL_HOST": site.host, "VOXHALL_PORT": str(PORT)}
        skew = {"PYTHONPATH": f"{Path(__file__).parent / 'ahead'}:{ROOT}", "BOX_CLOCK_AHEAD": str(clock)}
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [*site.enter, sys.executable, "-m", "cli", "up"],
                cwd=ROOT,
                env=os.environ | shared | own | address | skew,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def client(self) -> httpx.Client:
        return httpx.Client(base_url=self.url, headers={"Authorization": f"Bearer {KEY}"}, timeout=60)

    def ready(self) -> bool:
        """Whether all is there that it has, on this box itself."""
        assert self.process.poll() is None, self.said()
        return "Voxhall is ready" in self.said()

    def said(self) -> str:
        return self.log.read_text()

    def done(self, job_id: str) -> bool:
        """Whether a worker of this box has ended the job's step, or one of them."""
        return any(job_id in line and "step done" in line for line in self.said().splitlines())

    def workers(self) -> set[str]:
        """The names of its workers in the ledger."""
        return {name for pid in descendants(self.process.pid) if (name := _worker_id(pid))}

    def freeze(self) -> None:
        """All of its processes stand still, as those of a box whose power is about to fail."""
        for pid in {self.process.pid, *descendants(self.process.pid)}:
            os.kill(pid, signal.SIGSTOP)

    def die(self) -> None:
        """Every process at once, the supervisor among them."""
        family = {self.process.pid, *descendants(self.process.pid)}
        for pid in alive(family):
            os.kill(pid, signal.SIGKILL)
        self.process.wait()


@contextmanager
def box(folder: Path, site: Site, shared: Mapping[str, str], *, clock: float = 0.0) -> Iterator[Box]:
    own = Box(folder, site, shared, clock=clock)
    try:
        yield own
        if own.process.poll() is None:
            family = descendants(own.process.pid)
            own.process.terminate()
            assert own.process.wait(30) == 0, own.said()
            assert not alive(family)
    finally:
        if own.process.poll() is None:
            own.die()


def _worker_id(pid: int) -> str | None:
    try:
        variables = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except (FileNotFoundError, ProcessLookupError):
        return None
    name = b"VOXHALL_WORKER_ID="
    return next((word.removeprefix(name).decode() for word in variables if word.startswith(name)), None)
