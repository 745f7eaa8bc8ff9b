"""A zygote whose children do what their file says, as if a media library had been taken over by it."""

import ctypes
import itertools
import json
import os
import resource
import socket
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np

from audio.errors import UnreadableAudio
from confinement import messages, reading, seccomp, zygote
from confinement.messages import Order


def deed(order: Order, source: BinaryIO) -> Iterator[bytes]:
    name = source.read().decode()
    if name in MESSAGES:
        yield from MESSAGES[name]
    else:
        yield messages.failed(UnreadableAudio(str(DEEDS[name]())))


def _spin() -> None:
    while True:
        pass


def _hoard() -> None:
    held = []
    while True:
        held.append(bytearray(1 << 20))


def _vanish() -> None:
    """Goes on behind a closed door."""
    os.closerange(3, 100)
    time.sleep(3600)


def _fail() -> None:
    raise RuntimeError("a library's own\n\x1b[31mwords")


def _drip() -> Iterator[bytes]:
    """Something new now and then, for ever."""
    while True:
        time.sleep(0.001)
        yield messages.samples(FULL)


def _unlucky() -> None:
    """As if the kernel had killed it for memory: the filter lets no process send the signal, so a limit does."""
    resource.setrlimit(resource.RLIMIT_CPU, (0, 0))
    _spin()


def _reached() -> str:
    """What it gets hold of."""
    attempts: dict[str, Callable[[], object]] = {
        "a file": lambda: Path("/etc/passwd").read_text(),
        "a new file": lambda: Path("/tmp/voxhall-was-here").write_text("!"),  # noqa: S108
        "a socket": socket.socket,
        "a process": os.fork,
        "the parent": lambda: os.kill(os.getppid(), 0),
        "the parent's memory": lambda: Path(f"/proc/{os.getppid()}/mem").read_bytes(),
        "more memory": lambda: bytearray(2 << 30),
        "a life of its own": _outlive,
        "secrets": lambda: os.environ["VOXHALL_API_KEY"],
    }
    return " ".join(what for what, attempt in attempts.items() if _works(attempt))


def _outlive() -> None:
    if seccomp.prctl(PR_SET_PDEATHSIG, 0):
        raise OSError(ctypes.get_errno(), "refused")


def _works(attempt: Callable[[], object]) -> bool:
    try:
        attempt()
    except (OSError, MemoryError, KeyError):
        return False
    return True


def _open_files() -> int:
    return sum(_works(lambda number=number: os.fstat(number)) for number in range(3, 100))  # type: ignore[misc]


PR_SET_PDEATHSIG = 1

DEEDS: dict[str, Callable[[], object]] = {
    "segfault": lambda: ctypes.string_at(0),
    "abort": os.abort,
    "hang": lambda: time.sleep(3600),
    "spin": _spin,
    "hoard": _hoard,
    "vanish": _vanish,
    "exit": lambda: os._exit(3),
    "fail": _fail,
    "unlucky": _unlucky,
    "reach": _reached,
    "files": _open_files,
    "most files": lambda: resource.getrlimit(resource.RLIMIT_NOFILE)[0],
    "half a gigabyte": lambda: len(bytearray(1 << 29)),
}

FULL = np.ones(100, np.float32)

MESSAGES: dict[str, Iterable[bytes]] = {
    "nothing": [],
    "no probe": [b"P{}"],
    "a probe of lies": [
        b"P" + json.dumps({"duration": -1, "container": "a\nb", "codec": "", "sample_rate": "8"}).encode()
    ],
    "an unknown word": [b"?" + bytes(50)],
    "out of turn": [b"B{}"],
    "too loud": [messages.samples(2 * FULL)],
    "no number": [messages.samples(np.nan * FULL)],
    "half a sample": [b"S123"],
    "no sentence": [b'E["unreadable", "\\u001b[31m"]'],
    "no end": [messages.samples(FULL)],
    "without end": [messages.samples(FULL)] * 10_000,
    "silence": [messages.warned(())],
    "empty for ever": itertools.repeat(b"S"),
    "drip": _drip(),
    "warnings of lies": [messages.samples(FULL), b"W[1]"],
}


def main(*changes: str) -> None:
    if "without seccomp" in changes:
        seccomp.PR_SET_SECCOMP = 9999
    else:
        if "few files" in changes:
            zygote.OPEN_FILES = 10
        reading._answers = deed
    zygote.main()


if __name__ == "__main__":
    main(*sys.argv[1:])
