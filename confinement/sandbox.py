"""A function called in a process of its own, which has no network, no secrets, and bounds of time and memory.

For reading what strangers send with libraries that were not written for it. Before it imports the function's module, so
before a foreign byte is read, the process gives up for good:

- root's privileges, if it has them;
- the network, new programs and processes, signals to others, shared memory, and changes of files' rights, owners and
  times (`confinement.seccomp`; a kernel without it reads nothing);
- all files but the libraries', its inputs and its scratch folder, which alone it may write, and any look into other
  processes (`confinement.landlock`).

Where the kernel has no Landlock, the last does not hold: the process then can read and write the files of the user that
runs it (in /dev/shm, so memory beyond its bounds, too), and look into that user's other processes. Out of its reach
stay the calling process (`hide`) and, where root runs it, all that have root's privileges. Disk is bounded file by
file alone, with Landlock or without.
"""

import importlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any, Literal

from confinement.landlock import LIST, READ, WRITE, restrict
from confinement.privileges import PACKAGE_ROOT, bare_environment, bound, die_with, give_up_capabilities, hide
from confinement.seccomp import Unprotected, confine

COMMAND = (sys.executable, "-P", "-m", "confinement.sandbox")
"""Of the child. -P keeps it from looking for modules in its working folder, where files of strangers are."""

ANSWER_BYTES = 1 << 20
TAIL_BYTES = 4000

SYSTEM = (
    "/lib",
    "/lib64",
    "/usr",
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/etc/nsswitch.conf",
    "/etc/passwd",
    "/etc/crypto-policies",
    "/etc/pki/tls/openssl.cnf",
    "/etc/ssl/openssl.cnf",
    "/proc/self",
    "/proc/cpuinfo",
    "/proc/meminfo",
    "/sys/devices/system/cpu",
    "/sys/devices/system/node",
    "/dev/urandom",
)
"""What it may read beside its packages, its inputs and its scratch folder, where the kernel has Landlock."""


@dataclass(frozen=True, slots=True)
class Limits:
    seconds: float
    """On the clock."""
    cpu_seconds: int
    memory: int
    """Bytes of data, without mapped files: torch maps much more than it uses."""
    file_size: int
    """Bytes of any one file that it writes."""


class LimitExceeded(Exception):
    def __init__(self, limit: Literal["time", "memory"]) -> None:
        super().__init__(f"the confined process needs more {limit} than it may have")
        self.limit = limit


class Crashed(Exception):
    """A signal ended the process: a library met what it was not written for."""


class ChildFailed(Exception):
    """The function raised. The message is the end of its traceback."""


def call(
    function: str, arguments: Mapping[str, Any], *, inputs: Iterable[Path] = (), scratch: Path, limits: Limits
) -> Any:
    """The answer of `function`, "module:name", to named `arguments`. Both are JSON. Blocks; safe in any thread.

    `inputs` are the files and folders that it may read. `scratch` is where it may write: its working folder, its home
    and its temporary files are there. The calling process can no longer be looked into (`hide`).

    Raises:
        LimitExceeded, Crashed, ChildFailed
        Unprotected: the kernel cannot confine a process; nothing was read.
    """
    hide()
    request = {
        "function": function,
        "arguments": {**arguments},
        "inputs": [str(path.absolute()) for path in inputs],
        "limits": asdict(limits),
        "parent": os.getpid(),
    }
    with tempfile.TemporaryFile(dir=scratch) as answer, tempfile.TemporaryFile(dir=scratch) as errors:
        child = subprocess.Popen(
            [*COMMAND, json.dumps(request)],
            cwd=scratch,
            env=_environment(scratch),
            stdin=subprocess.DEVNULL,
            stdout=answer,
            stderr=errors,
            start_new_session=True,
        )
        return _answer(_wait(child, limits.seconds), answer, errors)


def _environment(scratch: Path) -> dict[str, str]:
    return bare_environment() | {"HOME": str(scratch), "TMPDIR": str(scratch), "CUDA_VISIBLE_DEVICES": ""}


def _wait(child: subprocess.Popen[bytes], seconds: float) -> int:
    try:
        return child.wait(seconds)
    except subprocess.TimeoutExpired as error:
        raise LimitExceeded("time") from error
    finally:
        if child.poll() is None:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()


def _answer(status: int, answer: IO[bytes], errors: IO[bytes]) -> Any:
    if status == -signal.SIGXCPU:
        raise LimitExceeded("time")
    if status < 0:
        raise Crashed(f"signal {-status} ended the confined process")
    answer.seek(0)
    match _parsed(answer.read(ANSWER_BYTES)):
        case {"value": value}:
            return value
        case {"failed": "memory"}:
            raise LimitExceeded("memory")
        case {"failed": "protection", "why": str(why)}:
            raise Unprotected(why)
        case _:
            errors.seek(max(0, errors.seek(0, os.SEEK_END) - TAIL_BYTES))
            raise ChildFailed(errors.read().decode(errors="replace"))


def _parsed(answer: bytes) -> Any:
    """None where it is no JSON: the process ended on the way, or is no longer what was started."""
    try:
        return json.loads(answer)
    except ValueError:
        return None


def main(request: str) -> None:
    """In the process itself."""
    asked = json.loads(request)
    with os.fdopen(os.dup(1), "w") as answer:
        os.dup2(2, 1)  # what libraries print is no answer
        answer.write(json.dumps(_told(asked)))


def _told(asked: dict[str, Any]) -> dict[str, Any]:
    try:
        _enter(asked)
        module, _, name = asked["function"].partition(":")
        return {"value": getattr(importlib.import_module(module), name)(**asked["arguments"])}
    except Unprotected as error:
        return {"failed": "protection", "why": str(error)}
    except MemoryError:
        return {"failed": "memory"}


def _enter(asked: dict[str, Any]) -> None:
    """Raises `Unprotected`."""
    die_with(asked["parent"])
    limits = Limits(**asked["limits"])
    bound(cpu_seconds=limits.cpu_seconds, memory=limits.memory, file_size=limits.file_size)
    give_up_capabilities()
    restrict(_allowed(map(Path, asked["inputs"]), Path.cwd()))
    confine()
    os.umask(0o077)


def _allowed(inputs: Iterable[Path], scratch: Path) -> dict[Path, int]:
    """Of Voxhall's own folder the packages alone: in a checkout settings and data can lie beside them."""
    libraries = [Path(prefix, lib) for prefix in (sys.prefix, sys.base_prefix) for lib in ("lib", "lib64")]
    libraries += [Path(entry) for entry in (*sys.path, *os.environ.get("LD_LIBRARY_PATH", "").split(":")) if entry]
    packages = [module.parent for module in PACKAGE_ROOT.glob("*/__init__.py")]
    return (
        dict.fromkeys((*map(Path, SYSTEM), *libraries, *packages, *inputs), READ)
        | {PACKAGE_ROOT: LIST}
        | {scratch: WRITE, Path(os.devnull): WRITE}
    )


if __name__ == "__main__":
    main(sys.argv[1])
