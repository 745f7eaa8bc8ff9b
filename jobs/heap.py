"""Memory that a process has freed, but that the C library keeps for it: what a long run would grow by."""

import ctypes
import os
import threading
import time

ARENAS = 2
"""glibc has up to eight per core, one for each thread that allocates, and each keeps what its threads once needed."""
EVERY = 60.0

_M_ARENA_MAX = -8
"""Of `malloc.h`."""


def begin(*, arenas: int = ARENAS, every: float = EVERY) -> None:
    """Has the threads of this process share a few arenas, and what is free in them given back every so many seconds.

    To be called while few threads have allocated: glibc settles the number of arenas when there are more than eight.
    `MALLOC_ARENA_MAX` in the environment counts for more. Who allocates while an arena is trimmed waits, some 60 ms
    where 300 MB are free in pieces, and with it the interpreter: so it is not done more often.

    Does nothing where the C library is not glibc (mallopt(3), malloc_trim(3)).
    """
    libc = ctypes.CDLL(None)
    if not hasattr(libc, "malloc_trim"):
        return
    if "MALLOC_ARENA_MAX" not in os.environ:
        libc.mallopt(_M_ARENA_MAX, arenas)
    threading.Thread(target=_give_back, args=(libc, every), name="heap", daemon=True).start()


def _give_back(libc: ctypes.CDLL, every: float) -> None:
    while True:
        time.sleep(every)
        libc.malloc_trim(0)
