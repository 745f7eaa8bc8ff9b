"""What a child process died of: by itself, or by somebody's hand, for which no job of it is to blame."""

import signal
from contextlib import suppress
from pathlib import Path

PROC = Path("/proc")
BY_HAND = frozenset({0, -signal.SIGTERM, -signal.SIGINT, -signal.SIGHUP})
"""Statuses of processes that were asked to end, or that a signal ended which no fault of a program raises."""


def by_hand(status: int, *, oom_kills_before: int | None) -> bool:
    """Whether somebody ended a process that left `status`.

    The kernel kills with SIGKILL too where memory is short, for which a job may be to blame. So where it has killed any
    process since `oom_kills_before` was read, or that cannot be told, it counts as the kernel.
    """
    if status == -signal.SIGKILL:
        return oom_kills_before is not None and oom_kills() == oom_kills_before
    return status in BY_HAND


def oom_kills() -> int | None:
    """How many processes the kernel has killed for want of memory, in any group; None: it does not tell."""
    with suppress(OSError):
        for line in (PROC / "vmstat").read_text().splitlines():
            name, _, count = line.partition(" ")
            if name == "oom_kill":
                return int(count)
    return None


def is_stopped(pid: int) -> bool:
    """Whether SIGSTOP or a debugger holds the process."""
    with suppress(OSError):
        return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] in {"T", "t"}
    return False
