import signal
import subprocess
import sys

from bench.house import lives

BENCH = """
import subprocess, sys, threading
from bench.house import ended_with_us

wait = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); print('on', flush=True); input()"
house = subprocess.Popen([sys.executable, "-c", wait], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
house.stdout.readline()
caller = threading.Thread(target=house.stdout.read)
with ended_with_us(house):
    caller.start()
    try:
        print(house.pid, flush=True)
        threading.Event().wait()
    finally:
        caller.join()
"""
"""A bench whose house answers its caller no more."""


def test_a_bench_that_is_ended_takes_its_house_with_it() -> None:
    with subprocess.Popen([sys.executable, "-c", BENCH], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as bench:
        assert bench.stdout
        pid = int(bench.stdout.readline())
        assert lives(pid)
        bench.send_signal(signal.SIGTERM)
        assert bench.wait(60) == 128 + signal.SIGTERM
    assert not lives(pid)
