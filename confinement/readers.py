"""The zygote as its parent has it: started when it is first needed, anew where it died, asked for one child a file."""

import atexit
import os
import select
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import BinaryIO

from confinement import landlock
from confinement.messages import PACKET_BYTES, Order
from confinement.privileges import bare_environment, hide

COMMAND = (sys.executable, "-P", "-m", "confinement.zygote")
"""-P keeps it from looking for modules in its working folder."""

STATUS_BYTES = 16
FAREWELL = 5.0
"""Seconds in which a zygote ends that has nothing more to do."""

AT_ONCE = max(2, os.cpu_count() or 1)
"""Children of one process: more would read no faster, and each may take a gigabyte."""

QUEUE_SECONDS = 30.0
"""So long somebody waits for his turn who cannot say whether his file is still wanted."""

PATIENCE = 0.25
"""Seconds after which a waiting caller is asked that."""

Check = Callable[[], None]
"""Raises where a file is no longer wanted."""


class ReaderGone(Exception):
    """The child ended for no reason of its own: its zygote died, or something killed it. It may be asked again.

    The message is a sentence that a caller may see.
    """


class Busy(ReaderGone):
    """Others have their files read, and nobody had time for this one: nothing was started."""


class ReaderKilled(ReaderGone):
    """The child alone, by something else than its own limits."""


class Slow(Exception):
    """Nothing was heard in the time given."""


class Child:
    """One process that reads one file. Closing this kills it, and lets the next one begin."""

    def __init__(self, answer: socket.socket, ending: BinaryIO, zygote: "Zygote", leave: Callable[[], None]) -> None:
        self._answer = answer
        self._ending = ending
        self._leave = leave
        self._closed = False
        self.zygote = zygote

    def hear(self, seconds: float) -> bytes:
        """The next message; empty where the child has ended. Raises `Slow`, also where no seconds are left."""
        if seconds <= 0:
            raise Slow
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
        if not self._closed:
            self._closed = True
            self._leave()


@dataclass(frozen=True, slots=True, eq=False)
class Zygote:
    process: subprocess.Popen[bytes]
    orders: socket.socket


class Readers:
    """Safe in any thread. `at_once`: the most children that it has."""

    def __init__(self, command: Sequence[str] = COMMAND, at_once: int = AT_ONCE) -> None:
        self._command = command
        self._places = threading.BoundedSemaphore(at_once)
        self._lock = threading.Lock()
        self._zygote: Zygote | None = None

    @property
    def process(self) -> int | None:
        """The zygote's number, while there is one."""
        return self._zygote.process.pid if self._zygote else None

    def begin(self, order: Order, source: int, check: Check | None = None) -> Child:
        """A child that reads the file behind the descriptor `source`, once there is a place for one.

        Args:
            check: asked while there is none; who gives it waits for as long as it takes.

        Raises `ReaderGone`, `Busy` of that without `check` only, and what `check` raises.
        """
        self._wait(check)
        try:
            return self._begun(order, source)
        except OSError as error:
            self._places.release()
            raise ReaderGone(f"No reader of media files can be started: {error.strerror}.") from error
        except BaseException:
            self._places.release()
            raise

    def retire(self, zygote: Zygote) -> None:
        """Ends a zygote that does not answer, and all of its children. One that was replaced has ended already."""
        with self._lock:
            if self._zygote is zygote:
                zygote.process.kill()
                self._forget()

    def close(self) -> None:
        with self._lock:
            self._forget()

    def leave(self) -> None:
        """As `close`, for a process that ends: it does not wait until the zygote has taken its leave."""
        with self._lock:
            if self._zygote:
                self._zygote.process.kill()
            self._forget()

    def _wait(self, check: Check | None) -> None:
        if check is None:
            if not self._places.acquire(timeout=QUEUE_SECONDS):
                raise Busy("Too many media files are being read.")
            return
        while not self._places.acquire(timeout=PATIENCE):
            check()

    def _begun(self, order: Order, source: int) -> Child:
        answer, its_answer = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with ExitStack() as unless_begun, its_answer:
            unless_begun.callback(answer.close)
            ending, its_ending = os.pipe2(os.O_CLOEXEC)
            unless_begun.callback(os.close, ending)
            try:
                zygote = self._sent(order, [source, its_answer.fileno(), its_ending])
            finally:
                os.close(its_ending)
            unless_begun.pop_all()
        return Child(answer, open(ending, "rb", buffering=0), zygote, self._places.release)  # noqa: PTH123

    def _sent(self, order: Order, descriptors: list[int]) -> Zygote:
        """The zygote that got it."""
        zygote = self._started()
        try:
            socket.send_fds(zygote.orders, [order.encoded()], descriptors)
        except ConnectionError:
            with self._lock:
                if self._zygote is zygote:
                    self._forget()
            zygote = self._started()
            socket.send_fds(zygote.orders, [order.encoded()], descriptors)
        return zygote

    def _started(self) -> Zygote:
        with self._lock:
            if self._zygote and self._zygote.process.poll() is not None:
                self._forget()
            if not self._zygote:
                self._zygote = self._start()
            return self._zygote

    def _start(self) -> Zygote:
        if not landlock.version():
            hide()
        ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with its:
            process = subprocess.Popen(
                self._command,
                cwd="/",
                env=bare_environment(),
                stdin=its.fileno(),
                stdout=subprocess.DEVNULL,
                start_new_session=True,
            )
        return Zygote(process, ours)

    def _forget(self) -> None:
        if self._zygote:
            self._zygote.orders.close()
            try:
                self._zygote.process.wait(FAREWELL)
            except subprocess.TimeoutExpired:
                self._zygote.process.kill()
                self._zygote.process.wait()
        self._zygote = None


readers = Readers()
"""Of this process."""

atexit.register(readers.leave)
