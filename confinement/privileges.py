"""What a process that reads foreign bytes may use up, what it gives up, and what is kept out of its sight."""

import ctypes
import os
import resource
import signal
import struct
import sys
from pathlib import Path

from confinement.seccomp import Unprotected, prctl

PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
CAPABILITY_VERSION_3 = 0x20080522

PACKAGE_ROOT = Path(__file__).parents[1]


def bare_environment() -> dict[str, str]:
    """Nothing of the caller's own but where its libraries are. One thread: a process with more cannot safely fork."""
    kept = {name: os.environ[name] for name in ("LD_LIBRARY_PATH",) if name in os.environ}
    return kept | {
        "PATH": os.defpath,
        "PYTHONPATH": str(PACKAGE_ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUTF8": "1",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }


def bound(*, cpu_seconds: int, memory: int, file_size: int) -> None:
    """Bounds this process for good.

    Args:
        memory: bytes of data, without mapped files.
        file_size: bytes of any one file that it writes.
    """
    # At the lower bound of the two a signal says what it was; at the upper it could be anything.
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds + 1))
    resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    resource.setrlimit(resource.RLIMIT_FSIZE, (file_size, file_size))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def give_up_capabilities() -> None:
    """What root may: lift limits, read all files, look into processes that have what it gave up. See capset(2).

    Raises `Unprotected`.
    """
    header, none = struct.pack("=Ii", CAPABILITY_VERSION_3, 0), bytes(24)
    if ctypes.CDLL(None, use_errno=True).capset(header, none):
        raise Unprotected(f"The kernel lets no process give up its privileges ({os.strerror(ctypes.get_errno())}).")


def hide() -> None:
    """Keeps what runs as the same user, but for root, out of this process's environment and memory (proc(5)).

    So without Landlock, too. The price: no core dumps, and a debugger or profiler has to be root's.
    """
    prctl(PR_SET_DUMPABLE, 0)


def die_with(parent: int) -> None:
    """Has this process killed when the thread that started it ends; ends it where `parent` is gone already."""
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit("the parent is gone")
