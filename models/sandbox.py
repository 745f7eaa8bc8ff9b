"""A function called in a process of its own, which has no network, no secrets, and bounds of time and memory.

For reading what strangers send with libraries that were not written for it. The process confines itself
(`models.seccomp`) before it imports the function's module, so before a foreign byte is read.
"""

import ctypes
import importlib
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any, Literal

from models.seccomp import Unprotected, confine

PACKAGE_ROOT = Path(__file__).parents[1]
COMMAND = (sys.executable, "-P", "-m", "models.sandbox")
"""Of the child. -P keeps it from looking for modules in its working folder, where files of strangers are."""

ANSWER_BYTES = 1 << 20
TAIL_BYTES = 4000

PR_SET_PDEATHSIG = 1


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


def call(function: str, arguments: Mapping[str, Any], *, scratch: Path, limits: Limits) -> Any:
    """The answer of `function`, "module:name", to named `arguments`. Both are JSON. Blocks; safe in any thread.

    `scratch` is where it may write: its working folder, its home and its temporary files are there.

    Raises:
        LimitExceeded, Crashed, ChildFailed
        Unprotected: the kernel cannot confine a process; nothing was read.
    """
    request = {"function": function, "arguments": {**arguments}, "limits": asdict(limits), "parent": os.getpid()}
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
    """Nothing of the caller's own but where its libraries are."""
    kept = {name: os.environ[name] for name in ("LD_LIBRARY_PATH",) if name in os.environ}
    return kept | {
        "PATH": os.defpath,
        "PYTHONPATH": str(PACKAGE_ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUTF8": "1",
        "HOME": str(scratch),
        "TMPDIR": str(scratch),
        "CUDA_VISIBLE_DEVICES": "",
        "OMP_NUM_THREADS": "1",
    }


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
        _enter(Limits(**asked["limits"]), asked["parent"])
        module, _, name = asked["function"].partition(":")
        return {"value": getattr(importlib.import_module(module), name)(**asked["arguments"])}
    except Unprotected as error:
        return {"failed": "protection", "why": str(error)}
    except MemoryError:
        return {"failed": "memory"}


def _enter(limits: Limits, parent: int) -> None:
    """Raises `Unprotected`."""
    confine()
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit("the parent is gone")
    os.umask(0o077)
    # At the lower bound of the two a signal says what it was; at the upper it could be anything.
    resource.setrlimit(resource.RLIMIT_CPU, (limits.cpu_seconds, limits.cpu_seconds + 1))
    resource.setrlimit(resource.RLIMIT_DATA, (limits.memory, limits.memory))
    resource.setrlimit(resource.RLIMIT_FSIZE, (limits.file_size, limits.file_size))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    main(sys.argv[1])
