"""The zygote as its parent has it: started when it is first needed, anew where it died, asked for one child a file."""

import atexit
import os
import select
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from confinement import landlock
from confinement.messages import PACKET_BYTES, Order
from confinement.privileges import hide

PACKAGE_ROOT = Path(__file__).parents[1]
COMMAND = (sys.executable, "-P", "-m", "confinement.zygote")
"""-P keeps it from looking for modules in its working folder."""

STATUS_BYTES = 16
FAREWELL = 5.0
"""Seconds in which a zygote ends that has nothing more to do."""


class ReaderGone(Exception):
    """The child ended for no reason of its own: its zygote died, or something killed it. It may be asked again.

    The message is a sentence that a caller may see.
    """


class ReaderKilled(ReaderGone):
    """The child alone, by something else than its own limits."""


class Slow(Exception):
    """Nothing was heard in the time given."""


class Child:
    """One process that reads one file. Closing this kills it."""

    def __init__(self, answer: socket.socket, ending: BinaryIO) -> None:
        self._answer = answer
        self._ending = ending

    def hear(self, seconds: float) -> bytes:
        """The next message; empty where the child has ended. Raises `Slow`."""
        self._answer.settimeout(seconds)
        try:
            return self._answer.recv(PACKET_BYTES)
        except TimeoutError as error:
            raise Slow from error
        except ConnectionError:
            return b""

    def status(self, seconds: float) -> int:
        """How it ended: its exit status, or minus a signal. To be asked after an empty message.

        Raises:
            ReaderGone: nobody knows.
            Slow: it has not.
        """
        poller = select.poll()
        poller.register(self._ending, select.POLLIN)
        if not poller.poll(seconds * 1000):
            raise Slow
        told = self._ending.read(STATUS_BYTES)
        if not told:
            raise ReaderGone("The process that starts the readers of media files has ended.")
        return int(told)

    def close(self) -> None:
        self._answer.close()
        self._ending.close()


class Readers:
    """Safe in any thread."""

    def __init__(self, command: Sequence[str] = COMMAND) -> None:
        self._command = command
        self._lock = threading.Lock()
        self._zygote: subprocess.Popen[bytes] | None = None
        self._orders: socket.socket | None = None

    @property
    def process(self) -> int | None:
        """The zygote's number, while there is one."""
        return self._zygote.pid if self._zygote else None

    def begin(self, order: Order, source: int) -> Child:
        """A child that reads the file behind the descriptor `source`. Raises `ReaderGone`."""
        answer, its_answer = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ending, its_ending = os.pipe2(os.O_CLOEXEC)
        child = Child(answer, open(ending, "rb", buffering=0))  # noqa: PTH123, SIM115 - a descriptor; the child closes it
        try:
            self._send(order, [source, its_answer.fileno(), its_ending])
        except OSError as error:
            child.close()
            raise ReaderGone(f"No reader of media files can be started: {error.strerror}.") from error
        finally:
            its_answer.close()
            os.close(its_ending)
        return child

    def retire(self) -> None:
        """Ends a zygote that does not answer, and all of its children."""
        with self._lock:
            if self._zygote:
                self._zygote.kill()
            self._forget()

    def close(self) -> None:
        with self._lock:
            self._forget()

    def _send(self, order: Order, descriptors: list[int]) -> None:
        orders = self._started()
        try:
            socket.send_fds(orders, [order.encoded()], descriptors)
        except ConnectionError:
            with self._lock:
                if self._orders is orders:
                    self._forget()
            socket.send_fds(self._started(), [order.encoded()], descriptors)

    def _started(self) -> socket.socket:
        with self._lock:
            if self._zygote and self._zygote.poll() is not None:
                self._forget()
            if not self._orders:
                self._orders = self._start()
            return self._orders

    def _start(self) -> socket.socket:
        if not landlock.version():
            hide()
        ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with its:
            self._zygote = subprocess.Popen(
                self._command,
                cwd="/",
                env=_environment(),
                stdin=its.fileno(),
                stdout=subprocess.DEVNULL,
                start_new_session=True,
            )
        return ours

    def _forget(self) -> None:
        if self._orders:
            self._orders.close()
        if self._zygote:
            try:
                self._zygote.wait(FAREWELL)
            except subprocess.TimeoutExpired:
                self._zygote.kill()
                self._zygote.wait()
        self._zygote = self._orders = None


def _environment() -> dict[str, str]:
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


readers = Readers()
"""Of this process."""

atexit.register(readers.close)
