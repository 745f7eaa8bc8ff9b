"""A small process that has the media libraries loaded, and forks a confined child for each file.

It reads no foreign byte itself, runs one thread, and starts with nothing of its parent's memory or environment. What it
can give up before it forks it gives up once, for all: root's privileges, all files (Landlock), and most system calls.
Each child adds its limits and refuses itself the rest. It ends, with all of its children, when the process that started
it is gone.
"""

import ctypes
import gc
import importlib
import io
import os
import pkgutil
import resource
import select
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import NoReturn

import av
import numpy as np

from audio.decode import decode
from audio.encode import encode
from audio.formats import FORMATS
from audio.probe import probe
from confinement import landlock, messages
from confinement.messages import Order
from confinement.privileges import bound, die_with, give_up_capabilities, hide
from confinement.reading import read
from confinement.seccomp import Unprotected, confine_child, confine_zygote

PR_SET_NAME = 15
ORDER_BYTES = 1 << 12
OPEN_FILES = 1024
"""One for each child, and a few. A child closes so many one by one where the kernel is older than 5.9."""


def main() -> None:
    """Serves until the other end of standard input, a socket, is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    null = os.open(os.devnull, os.O_RDWR)
    _load()
    _give_up()
    Zygote(socket.socket(fileno=0), null).serve()


def _load() -> None:
    """Whatever a library loads late is loaded now: no child can open a file."""
    for module in pkgutil.walk_packages(av.__path__, "av."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    tone = encode(np.zeros(4_000, np.float32), 8_000, FORMATS["wav"])
    probe(io.BytesIO(tone))
    decode(io.BytesIO(tone), 16_000)
    # A collection in a child would copy all of the pages that it shares with the others.
    gc.freeze()


def _give_up() -> None:
    """As far as the kernel lets it: a recording is also read where it cannot be confined."""
    most = min(OPEN_FILES, os.sysconf("SC_OPEN_MAX"))
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    hide()
    ctypes.CDLL(None).prctl(PR_SET_NAME, b"voxhall-media", 0, 0, 0)
    for step in (give_up_capabilities, lambda: landlock.restrict({}), confine_zygote):
        try:
            step()
        except Unprotected as error:
            print(error, file=sys.stderr)  # noqa: T201 - it has no log; this is the parent's


class Zygote:
    def __init__(self, orders: socket.socket, null: int) -> None:
        self._orders = orders
        self._null = null
        self._children: dict[int, int] = {}
        """The process by the pipe in which its end is told."""
        self._poller = select.poll()
        self._woken, waker = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(waker)
        signal.signal(signal.SIGCHLD, lambda *_: None)

    def serve(self) -> None:
        self._poller.register(self._orders, select.POLLIN)
        self._poller.register(self._woken, select.POLLIN)
        while True:
            for descriptor, _ in self._poller.poll():
                if descriptor == self._orders.fileno():
                    if not self._take():
                        return
                elif descriptor == self._woken:
                    os.read(self._woken, 1 << 10)
                    self._bury()
                elif descriptor in self._children:
                    self._abandon(descriptor)

    def _take(self) -> bool:
        """Starts a child for the next order. False where no more will come."""
        raw, descriptors, _, _ = socket.recv_fds(self._orders, ORDER_BYTES, 3)
        if not raw:
            return False
        if len(descriptors) < 3:
            print("too many open files for another media file", file=sys.stderr)  # noqa: T201
            for descriptor in descriptors:
                os.close(descriptor)
            return True
        self._begin(messages.order(raw), *descriptors)
        return True

    def _begin(self, order: Order, source: int, answer: int, ending: int) -> None:
        zygote = os.getpid()
        try:
            child = os.fork()
            if not child:
                self._become_child(order, source, answer, zygote)
        except OSError as error:
            print(f"no process for a media file: {error}", file=sys.stderr)  # noqa: T201
            os.close(ending)
        else:
            self._children[ending] = child
            # Without events: it tells when the reading end is closed, so when nobody waits any more.
            self._poller.register(ending, 0)
        finally:
            os.close(source)
            os.close(answer)

    def _abandon(self, ending: int) -> None:
        os.kill(self._children.pop(ending), signal.SIGKILL)
        self._poller.unregister(ending)
        os.close(ending)

    def _bury(self) -> None:
        """Tells of each child that ended how it did: its exit status, or minus the signal."""
        for child, status in _ended():
            ending = next((pipe for pipe, process in self._children.items() if process == child), None)
            if ending is None:
                continue  # abandoned
            del self._children[ending]
            self._poller.unregister(ending)
            with suppress(BrokenPipeError):
                os.write(ending, str(os.waitstatus_to_exitcode(status)).encode())
            os.close(ending)

    def _become_child(self, order: Order, source: int, answer: int, zygote: int) -> NoReturn:
        status = 1
        try:
            for standard in range(3):
                os.dup2(self._null, standard)
            _enter(order, source, answer, zygote)
            read(order, source, answer)
            status = 0
        except ConnectionError:
            status = 0  # nobody wants it any more
        finally:
            os._exit(status)


def _ended() -> Iterator[tuple[int, int]]:
    while True:
        try:
            child, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if not child:
            return
        yield child, status


def _enter(order: Order, source: int, answer: int, zygote: int) -> None:
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    _keep_only(source, answer)
    bound(cpu_seconds=order.cpu_seconds, memory=order.memory, file_size=0)
    die_with(zygote)
    try:
        confine_child()
        filtered = True
    except Unprotected:
        filtered = False
    os.write(answer, messages.begun(filtered=filtered))


def _keep_only(*descriptors: int) -> None:
    """Closes all others: the way to the zygote, and the files of those that are read beside this one."""
    start = 3
    for kept in sorted(descriptors):
        os.closerange(start, kept)
        start = kept + 1
    os.closerange(start, os.sysconf("SC_OPEN_MAX"))


if __name__ == "__main__":
    main()
