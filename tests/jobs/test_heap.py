import subprocess
import sys

PROLOGUE = """
import ctypes, re, threading, time
from pathlib import Path
from jobs import heap

def private():
    said = re.search(r"Private_Dirty:\\s+(\\d+)", Path("/proc/self/smaps_rollup").read_text())
    return int(said[1]) / 1024
"""


def ran(script: str) -> list[float]:
    """The numbers that it printed, in a process of its own: how a process allocates cannot be undone."""
    said = subprocess.run([sys.executable, "-c", PROLOGUE + script], capture_output=True, text=True, check=True)
    return [float(number) for number in said.stdout.split()]


HOLES = """
before = private()
blocks = [bytearray(60_000) for _ in range(4000)]
held = blocks[::10]
del blocks
{}
end = time.monotonic() + {}
while private() > before + 100 and time.monotonic() < end:
    time.sleep(0.05)
print(private() - before)
"""


def test_what_is_free_between_what_is_in_use_goes_back() -> None:
    kept = ran(HOLES.format("", 1))
    given_back = ran(HOLES.format("heap.begin(every=0.1)", 30))
    assert kept[0] > 200
    assert given_back[0] < 100


ARENAS = """
{}
barrier = threading.Barrier(9)

def allocates():
    held = bytearray(60_000)
    barrier.wait()
    barrier.wait()

threads = [threading.Thread(target=allocates) for _ in range(8)]
for thread in threads:
    thread.start()
barrier.wait()
libc = ctypes.CDLL(None)
libc.open_memstream.restype = ctypes.c_void_p
text, size = ctypes.c_char_p(), ctypes.c_size_t()
stream = ctypes.c_void_p(libc.open_memstream(ctypes.byref(text), ctypes.byref(size)))
libc.malloc_info(0, stream)
libc.fclose(stream)
print(text.value.count(b"<heap "))
barrier.wait()
"""


def test_threads_share_a_few_arenas() -> None:
    assert ran(ARENAS.format("")) > [4]
    assert ran(ARENAS.format("heap.begin()")) <= [2]
