"""How much memory a worker may fill with models, and how much it fills."""

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

from jobs.errors import Unavailable

SHARE = 0.9
"""Of the machine's memory, for a process whose limit is not set."""

NOT_GIVEN_BACK = re.compile(r"^Rss(?:Anon|Shmem):\s+(\d+) kB$", re.MULTILINE)
"""What a process takes away from all others: without pages of files, of which the system can get rid by itself."""


def limit_of(wanted: int) -> int:
    """Bytes of resident memory that a process may have; `wanted` is the setting."""
    return wanted or int(SHARE * machine_bytes())


def resident_bytes() -> int:
    """Of this process, without files that it has mapped. 0 where the system does not tell (it is not Linux)."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return 0
    return 1024 * sum(int(found) for found in NOT_GIVEN_BACK.findall(status))


def machine_bytes(root: Path = Path("/")) -> int:
    """The machine's memory, or its control group's where that is less (a container's, a service's)."""
    return min([os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"), *_group_limits(root)])


def budget_of(device: str, share: float) -> int:
    """Bytes: `share` of the card's memory, or of the machine's for the CPU. Shares of all workers stay below 1.

    Raises:
        Unavailable: the card's driver does not answer.
    """
    return int(share * (_card_bytes(device) if device.startswith("cuda") else machine_bytes()))


def _group_limits(root: Path) -> Iterator[int]:
    """Of the process's control group and those that it is in; the file systems of both versions."""
    try:
        groups = (root / "proc/self/cgroup").read_text(encoding="utf-8").splitlines()
    except OSError:
        return
    for line in groups:
        _, controllers, path = line.split(":", 2)
        if controllers == "":
            yield from _limits(root / "sys/fs/cgroup", path, "memory.max")
        elif "memory" in controllers.split(","):
            yield from _limits(root / "sys/fs/cgroup/memory", path, "memory.limit_in_bytes")


def _limits(mount: Path, path: str, name: str) -> Iterator[int]:
    # In a container the path may be the host's, and only the root of the mount is there.
    group = mount / path.lstrip("/")
    for folder in (group, *group.parents):
        try:
            said = (folder / name).read_text(encoding="ascii").strip()
        except OSError:
            said = "max"
        if said.isdecimal():
            yield int(said)
        if folder == mount:
            return


def _card_bytes(device: str) -> int:
    index = device.partition(":")[2] or "0"
    command = ["nvidia-smi", "--query-gpu=memory.total", "--format=csv,noheader,nounits", "-i", index]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, check=True, timeout=20)
    except (OSError, subprocess.SubprocessError) as error:
        raise Unavailable("nvidia-smi does not answer; set VOXHALL_MODEL_BUDGET_BYTES or mend the driver.") from error
    return int(answer.stdout.strip()) * 1024 * 1024
