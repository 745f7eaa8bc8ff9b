"""Becomes another program that dies with its parent: a supervisor that was killed leaves nothing behind on its port.

    python -m cli.child PARENT_PID COMMAND [ARGUMENT ...]

Linux only; elsewhere it just becomes the program.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main(parent: int, command: list[str]) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            sys.exit("the parent is gone")
    os.execvp(command[0], command)  # noqa: S606 - a list, and no shell


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
