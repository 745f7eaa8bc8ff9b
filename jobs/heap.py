"""Memory that a process has freed, but that the C library keeps for it: what a long run would grow by."""

import ctypes
import threading
import time

ARENAS = 2
"""glibc has up to eight per core, one for each thread that allocates, and each keeps what its threads once needed."""
EVERY = 60.0

_M_ARENA_MAX = -8
"""Of `malloc.h`."""


def begin(*, arenas: int = ARENAS, every: float = EVERY) -> None:
    """Has the threads of this process share a few arenas, and what is free in them given back every so many seconds.

    To be called before there are threads. Does nothing where the C library is not glibc (mallopt(3), malloc_trim(3)).
    """
    libc = ctypes.CDLL(None)
    if not hasattr(libc, "malloc_trim"):
        return
    libc.mallopt(_M_ARENA_MAX, arenas)
    threading.Thread(target=_give_back, args=(libc, every), name="heap", daemon=True).start()


def _give_back(libc: ctypes.CDLL, every: float) -> None:
    while True:
        time.sleep(every)
        libc.malloc_trim(0)
