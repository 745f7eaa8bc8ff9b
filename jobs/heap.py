"""Memory that a process has freed, but that the C library keeps for it: what a long run would grow by."""

import ctypes
import os
import threading
import time

OPTIONS = {
    # One for each thread that allocates, up to eight per core, would each keep what its threads once needed.
    "MALLOC_ARENA_MAX": (-8, 2),
    # Blocks from here on (a model's tensors) are mapped apart, and gone once freed; else this grows up to 32 MB.
    "MALLOC_MMAP_THRESHOLD_": (-3, 8 << 20),
    # What is free at the end of an arena may wait for the next trim; else every few blocks a system call.
    "MALLOC_TRIM_THRESHOLD_": (-1, 256 << 20),
}
"""Numbers of `malloc.h` and their values, by the names that glibc reads in the environment."""

EVERY = 60.0


def begin(*, every: float = EVERY) -> None:
    """Has glibc keep less, and what is free in its arenas given back every so many seconds.

    To be called while few threads have allocated: glibc settles the number of arenas when there are more than eight.
    An option that is set in the environment stays as it is. Who allocates while an arena is trimmed waits, some 60 ms
    where 300 MB are free in pieces, and with it the interpreter: so it is not done more often.

    Does nothing where the C library is not glibc (mallopt(3), malloc_trim(3)).
    """
    libc = ctypes.CDLL(None)
    if not hasattr(libc, "malloc_trim"):
        return
    for name, (option, value) in OPTIONS.items():
        if name not in os.environ:
            libc.mallopt(option, value)
    threading.Thread(target=_give_back, args=(libc, every), name="heap", daemon=True).start()


def _give_back(libc: ctypes.CDLL, every: float) -> None:
    while True:
        time.sleep(every)
        libc.malloc_trim(0)
