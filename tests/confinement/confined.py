"""What the tests of the sandbox do inside it. Each gives JSON."""

import ctypes
import fcntl
import mmap
import os
import resource
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path


def refused(what: str) -> int:
    """The errno with which the kernel refuses it; 0 where it does not."""
    attempts: dict[str, Callable[[], object]] = {
        "socket": socket.socket,
        "unix socket": lambda: socket.socket(socket.AF_UNIX),
        "socket pair": socket.socketpair,
        "program": lambda: subprocess.run([sys.executable, "-c", ""], check=True),
        "exec": lambda: os.execv(sys.executable, [sys.executable, "-c", ""]),  # noqa: S606
        "process": os.fork,
        "signal": lambda: os.kill(os.getppid(), 0),
        "io_uring": lambda: _system_call(425, 1, 0),
        "x32 socket": lambda: _system_call(0x40000000 + 41, 2, 1, 0),
        "a call of later kernels": lambda: _system_call(457, 0, 0, 0, 0),
        "limits of the parent": lambda: resource.prlimit(os.getppid(), resource.RLIMIT_CORE),
        "processors of the parent": lambda: os.sched_setaffinity(os.getppid(), {0}),
        "signals by a pipe": lambda: fcntl.fcntl(os.pipe()[0], fcntl.F_SETOWN, os.getppid()),
        "shared memory": lambda: mmap.mmap(-1, 1 << 20),
        "memory with a name": lambda: os.memfd_create("name"),
        "a device": lambda: os.mknod("device", stat.S_IFCHR | 0o600, os.makedev(1, 3)),
        "a root folder": lambda: os.chroot("."),
        "rights of a file": lambda: os.chmod(".", 0o700),  # noqa: PTH101
        "times of a file": lambda: os.utime("."),
        "shortening": lambda: os.truncate(os.devnull, 0),
        "shortening what is read": lambda: os.close(os.open(os.devnull, os.O_RDONLY | os.O_TRUNC)),
        "shortening with neither": lambda: os.close(os.open(os.devnull, 3 | os.O_TRUNC)),
    }
    try:
        attempts[what]()
    except OSError as error:
        return error.errno or 0
    return 0


def opening(path: str, flags: int) -> int:
    """The errno with which the kernel refuses to open a file; 0 where it does not."""
    try:
        os.close(os.open(path, flags))
    except OSError as error:
        return error.errno or 0
    return 0


def linked(path: str) -> int:
    try:
        Path("link").symlink_to(path)
    except OSError as error:
        return error.errno or 0
    return 0


def of_itself() -> list[int]:
    """What stays allowed beside what is refused: limits of its own, private memory, a shared map of a file."""
    limit, _ = resource.getrlimit(resource.RLIMIT_CORE)
    mapped = Path("mapped")
    mapped.write_bytes(bytes(10))
    with mapped.open("r+b") as file, mmap.mmap(file.fileno(), 10) as shared:
        shared[0] = 1
    with mmap.mmap(-1, 10, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as private:
        private[0] = 1
    written = mapped.read_bytes()[0]
    mapped.rename("renamed").unlink()
    return [limit, written]


def _system_call(number: int, *arguments: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.syscall(ctypes.c_long(number), *map(ctypes.c_long, arguments)) < 0:
        raise OSError(ctypes.get_errno(), "refused")


def thread() -> str:
    """Threads are no processes."""
    said: list[str] = []
    one = threading.Thread(target=said.append, args=("from a thread",))
    one.start()
    one.join()
    return said[0]


def capabilities() -> list[str]:
    """Those it has and could take again."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return [line for line in lines if line.startswith(("CapPrm", "CapEff", "CapInh"))]


def environment() -> dict[str, str]:
    return dict(os.environ)


def descriptors() -> list[str]:
    """What each open file of the process is."""
    found = []
    for number in os.listdir("/proc/self/fd"):  # noqa: PTH208 - the listing's own descriptor is one of them
        path = Path("/proc/self/fd") / number
        if path.is_symlink():
            found.append(str(path.readlink()))
    return found


def folder() -> str:
    return str(Path.cwd())


def fill(size: int) -> int:
    return len(bytearray(size))


def write(size: int) -> int:
    return Path("much").write_bytes(bytes(size))


def spin() -> None:
    while True:
        pass


def sleep() -> None:
    time.sleep(600)


def abort() -> None:
    os.abort()


def fail() -> None:
    raise ValueError("the reason")


def babble() -> None:
    """Writes where the answer goes, then ends."""
    for number in (1, 3):
        os.write(number, b"no JSON")
    os._exit(0)


def chatter() -> str:
    print("a library's banner")  # noqa: T201
    return "the answer"


def announce() -> None:
    """Writes its process's number, then waits to be ended."""
    written = Path("announced")
    written.write_text(str(os.getpid()))
    written.rename("pid")
    sleep()
