"""What a house takes of the machine: memory, files, connections and threads, of each process with its children."""

import statistics
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

PROC = Path("/proc")
NAMES = ("cli api", "cli worker speech", "cli worker transcription", "cli worker io", "valkey-server")
PROCESSES = frozenset({"up", *(name.removeprefix("cli ") for name in NAMES)})
GONE = (FileNotFoundError, ProcessLookupError)
"""A process ended amid the look. Anything else means that we may not look at it, and hides a part of the house."""


@dataclass(frozen=True, slots=True)
class Footprint:
    """Of one process and all that it started."""

    pid: int
    memory: float
    """Megabytes: proportional set sizes, so that pages which children share with it count once."""
    files: int
    """Open descriptors, connections among them."""
    connections: int
    threads: int
    hidden: int = 0
    """Processes of these at which we may not look."""

    def __add__(self, child: "Footprint") -> "Footprint":
        return Footprint(
            self.pid,
            self.memory + child.memory,
            self.files + child.files,
            self.connections + child.connections,
            self.threads + child.threads,
            self.hidden + child.hidden,
        )


Sample = Mapping[str, Footprint]
MEASURES = ("memory", "files", "connections", "threads")


def footprints(supervisor: int) -> dict[str, Footprint]:
    """By the processes' names; the supervisor's own is "up", without its children."""
    children = _children()
    found = {"up": _one(supervisor)}
    for pid in children[supervisor]:
        name = next((name for name in NAMES if name in _command(pid)), None)
        if name:
            found[name.removeprefix("cli ")] = _family(pid, children)
    return found


def temporary_files(data_dir: Path) -> int:
    return sum(1 for path in (data_dir / "tmp").rglob("*") if path.is_file() and path.name != "lock")


class Watch:
    """Looks each `every` seconds, in a thread of its own, for as long as it is entered."""

    def __init__(self, supervisor: int, *, every: float) -> None:
        self.samples: list[Sample] = []
        self.dropped = 0
        """Looks that a process spoilt which ended amid them."""
        self._supervisor = supervisor
        self._every = every
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        due = time.monotonic()
        while not self._over.wait(max(0.0, due - time.monotonic())):
            try:
                self.samples.append(footprints(self._supervisor))
            except GONE:
                self.dropped += 1
            due += self._every


def tenths(samples: Sequence[Sample], name: str, measure: str) -> tuple[float, float]:
    """Means of the second tenth and of the last, of at least ten samples.

    The first tenth is warming up: models load on first use, and pools fill.
    """
    values = [float(getattr(sample[name], measure)) for sample in samples if name in sample]
    tenth = len(values) // 10
    return statistics.fmean(values[tenth : 2 * tenth]), statistics.fmean(values[-tenth:])


def _family(pid: int, children: Mapping[int, Sequence[int]]) -> Footprint:
    whole = _one(pid)
    for child in children.get(pid, ()):
        with suppress(*GONE):  # short-lived ones end amid the look
            whole += _family(child, children)
    return whole


def _one(pid: int) -> Footprint:
    folder = PROC / str(pid)
    try:
        links = list(_open(folder))
        memory = _kilobytes(folder / "smaps_rollup", "Pss:") / 1024
    except PermissionError:
        return Footprint(pid, memory=0.0, files=0, connections=0, threads=0, hidden=1)
    return Footprint(
        pid=pid,
        memory=memory,
        files=len(links),
        connections=sum(link.startswith("socket:") for link in links),
        threads=_kilobytes(folder / "status", "Threads:"),
    )


def _open(folder: Path) -> Iterator[str]:
    for entry in (folder / "fd").iterdir():
        with suppress(FileNotFoundError):
            yield str(entry.readlink())


def _kilobytes(path: Path, name: str) -> int:
    return next((int(line.split()[1]) for line in path.read_text().splitlines() if line.startswith(name)), 0)


def _children() -> dict[int, list[int]]:
    found: dict[int, list[int]] = defaultdict(list)
    for path in PROC.glob("[0-9]*/stat"):
        with suppress(OSError):
            found[int(path.read_text().rpartition(")")[2].split()[1])].append(int(path.parent.name))
    return found


def _command(pid: int) -> str:
    with suppress(OSError):
        return (PROC / str(pid) / "cmdline").read_text().replace("\0", " ")
    return ""
