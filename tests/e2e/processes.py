"""Processes of this machine, as /proc tells of them."""

from pathlib import Path

PROC = Path("/proc")


def parents() -> dict[int, int]:
    """The parent of every process that lives. Zombies do not count."""
    found = {}
    for folder in PROC.glob("[0-9]*"):
        try:
            state, parent = (folder / "stat").read_text().rpartition(")")[2].split()[:2]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if state != "Z":
            found[int(folder.name)] = int(parent)
    return found


def descendants(pid: int) -> set[int]:
    """Children of a process, their children, and so on."""
    family, known = {pid}, parents()
    while grown := {child for child, parent in known.items() if parent in family} - family:
        family |= grown
    return family - {pid}


def alive(pids: set[int]) -> dict[int, str]:
    """Those that still live, with their command lines."""
    return {pid: command_line(pid) for pid in pids & parents().keys()}


def command_line(pid: int) -> str:
    try:
        return (PROC / str(pid) / "cmdline").read_text().replace("\0", " ").strip()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def mapped(pid: int) -> str:
    """Names of all files that the process has in its memory, one per line."""
    return (PROC / str(pid) / "maps").read_text()


def peak_memory(pid: int) -> int:
    """Bytes that the process had in memory at most."""
    lines = (PROC / str(pid) / "status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
