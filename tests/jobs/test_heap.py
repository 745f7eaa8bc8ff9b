import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

glibc = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library keeps its memory in other ways")

PROLOGUE = """
import ctypes, re, threading, time
from pathlib import Path
from jobs import heap

def private():
    said = re.findall(r"^(?:Private_Dirty|Swap):\\s+(\\d+)", Path("/proc/self/smaps_rollup").read_text(), re.M)
    return sum(map(int, said)) / 1024
"""


def ran(script: str, **environment: str) -> float:
    """The number that it printed, in a process of its own: how a process allocates cannot be undone."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("MALLOC_", "GLIBC_TUNABLES"))}
    call = [sys.executable, "-c", PROLOGUE + script]
    return float(subprocess.run(call, env=own | environment, capture_output=True, text=True, check=True).stdout)


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


@glibc
def test_what_is_free_between_what_is_in_use_goes_back() -> None:
    assert ran(HOLES.format("", 1)) > 200
    assert ran(HOLES.format("heap.begin(every=0.1)", 30)) < 100


LARGE = """
{}
size = 20 << 20
bytearray(b"x") * size  # glibc takes larger blocks from its arenas once such a one was freed
before = private()
blocks = [(bytearray(b"x") * size, bytearray(60_000)) for _ in range(10)]
held = [small for _, small in blocks]
del blocks
print(private() - before)
"""


@glibc
def test_a_large_block_goes_back_at_once() -> None:
    assert ran(LARGE.format("")) > 100
    assert ran(LARGE.format("heap.begin()")) < 50


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


@glibc
def test_threads_share_a_few_arenas() -> None:
    assert ran(ARENAS.format("")) > 4
    assert ran(ARENAS.format("heap.begin()")) <= 2
    assert ran(ARENAS.format("heap.begin()"), MALLOC_ARENA_MAX="5") == 5


BEGUN = """
import sys
from cli.main import app

def begun():
    raise SystemExit(7)

heap.begin = begun
sys.argv = ["voxhall", {}]
app()
"""


@pytest.mark.parametrize("command", [("api",), ("worker", "speech"), ("worker", "transcription"), ("worker", "io")])
def test_processes_that_run_for_long_begin_with_it(command: tuple[str, ...], tmp_path: Path) -> None:
    own = {"VOXHALL_DATA_DIR": str(tmp_path), "VOXHALL_REDIS_URL": "redis://127.0.0.1:1"}
    script = PROLOGUE + BEGUN.format(", ".join(map(repr, command)))
    ended = subprocess.run([sys.executable, "-c", script], env=os.environ | own, capture_output=True, check=False)
    assert ended.returncode == 7, ended.stderr
