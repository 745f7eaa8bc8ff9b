"""A small network of the tests' own: a hall with the shared servers, and boxes that reach nothing but the hall.

Where root may make network namespaces, each box is one, with a name and one cable to the hall; in there nothing of
this machine is in reach, and no other test's port in the way. Elsewhere boxes are addresses of the loopback, apart
by their folders only: `Lan.real` says which it is.
"""

import ctypes
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

CLONE_NEWNET = 0x40000000


@dataclass(frozen=True, slots=True)
class Site:
    host: str
    enter: tuple[str, ...] = ()
    """What a command begins with that is to run there."""


@dataclass(frozen=True, slots=True)
class Lan:
    hall: Site
    """Where this thread is, as long as the network is there."""
    boxes: tuple[Site, ...]
    real: bool


@contextmanager
def lan(boxes: int) -> Iterator[Lan]:
    if not _namespaces():
        yield Lan(Site("127.0.0.1"), tuple(Site(f"127.0.0.{2 + n}") for n in range(boxes)), real=False)
        return
    with ExitStack() as stack:
        stack.enter_context(_own_network())
        _ip("link set lo up")
        _ip("address add 10.77.0.1/32 dev lo")
        sites = tuple(stack.enter_context(_box(n)) for n in range(boxes))
        yield Lan(Site("10.77.0.1"), sites, real=True)


def _namespaces() -> bool:
    if os.geteuid() or not all(shutil.which(program) for program in ("ip", "unshare", "nsenter")):
        return False
    cable = ["unshare", "--net", "--uts", "ip", "link", "add", "one", "type", "veth", "peer", "name", "two"]
    return subprocess.run(cable, capture_output=True, check=False).returncode == 0


@contextmanager
def _own_network() -> Iterator[None]:
    """This thread and its children leave the machine's network, and come back."""
    libc = ctypes.CDLL(None, use_errno=True)
    with open("/proc/thread-self/ns/net") as before:  # noqa: PTH123 - held open, it can be gone back to
        if libc.unshare(CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "no network of its own")
        try:
            yield
        finally:
            if libc.setns(before.fileno(), CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), "no way back into the machine's network")


@contextmanager
def _box(number: int) -> Iterator[Site]:
    """A namespace lives as long as a process in it."""
    name, host = f"box{number + 1}", f"10.77.0.{11 + number}"
    says = f"hostname {name} && ip link set lo up && echo ready && exec sleep infinity"
    keeper = subprocess.Popen(["unshare", "--net", "--uts", "sh", "-c", says], stdout=subprocess.PIPE)
    assert keeper.stdout
    try:
        assert keeper.stdout.readline() == b"ready\n"
        enter = ("nsenter", "--target", str(keeper.pid), "--net", "--uts", "--")
        _ip(f"link add {name} type veth peer name cable netns {keeper.pid}")
        _ip(f"link set {name} up")
        _ip(f"route add {host}/32 dev {name}")
        _ip(f"address add {host}/32 dev cable", *enter)
        _ip("link set cable up", *enter)
        _ip("route add 10.77.0.1/32 dev cable", *enter)
        yield Site(host, enter)
    finally:
        keeper.kill()
        keeper.wait()
        keeper.stdout.close()


def _ip(command: str, *enter: str) -> None:
    subprocess.run([*enter, "ip", *command.split()], check=True)
