import subprocess
import sys
import threading
from functools import partial

import pytest

from tests.conftest import ROOT
from workers.lane import Lane


class Gate:
    """A call that occupies the lane until it is opened."""

    def __init__(self, lane: Lane) -> None:
        self._entered, self._open = threading.Event(), threading.Event()
        self.future = lane.submit(self._wait, deadline=0.0)
        assert self._entered.wait(10)

    def _wait(self) -> None:
        self._entered.set()
        assert self._open.wait(10)

    def open(self) -> None:
        self._open.set()
        self.future.result(10)


def test_a_call_gives_its_result() -> None:
    assert Lane().submit(lambda: 2 + 2, deadline=1.0).result(10) == 4


def test_the_earliest_deadline_goes_first_then_first_come_first_served() -> None:
    lane, done = Lane(), list[str]()
    gate = Gate(lane)
    calls = [("b1", 60.0), ("b2", 60.0), ("i1", 0.0), ("b3", 60.0), ("i2", 0.0)]
    futures = [lane.submit(partial(done.append, name), deadline=deadline) for name, deadline in calls]
    gate.open()
    for future in futures:
        future.result(10)
    assert done == ["i1", "i2", "b1", "b2", "b3"]


def test_a_call_that_was_cancelled_before_its_turn_is_never_made() -> None:
    lane, done = Lane(), list[str]()
    gate = Gate(lane)
    unwanted = lane.submit(lambda: done.append("unwanted"), deadline=0.0)
    wanted = lane.submit(lambda: done.append("wanted"), deadline=1.0)
    assert unwanted.cancel()
    gate.open()
    wanted.result(10)
    assert done == ["wanted"]


def test_an_exception_reaches_the_one_who_waits_and_nobody_else() -> None:
    lane = Lane()

    def fail() -> None:
        raise ZeroDivisionError("of the call")

    def leave() -> None:
        raise SystemExit

    failed, left = lane.submit(fail, deadline=1.0), lane.submit(leave, deadline=1.0)
    with pytest.raises(ZeroDivisionError, match="of the call"):
        failed.result(10)
    with pytest.raises(SystemExit):
        left.result(10)
    assert lane.submit(lambda: "alive", deadline=1.0).result(10) == "alive"


def test_calls_of_many_threads_are_made_one_at_a_time_on_one_thread() -> None:
    lane, inside, threads = Lane(), threading.Lock(), set[int]()

    def call() -> bool:
        threads.add(threading.get_ident())
        alone = inside.acquire(blocking=False)
        for _ in range(1_000):
            pass
        if alone:
            inside.release()
        return alone

    results: list[bool] = []

    def ask() -> None:
        results.extend([lane.submit(call, deadline=n % 2).result(10) for n in range(50)])

    askers = [threading.Thread(target=ask) for _ in range(8)]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()
    assert results == [True] * 400
    assert len(threads) == 1


def test_closing_waits_for_the_call_that_runs_and_makes_no_other() -> None:
    lane, done = Lane(), list[str]()
    gate = Gate(lane)
    waiting = lane.submit(lambda: done.append("waiting"), deadline=0.0)
    closing = threading.Thread(target=lane.close)
    closing.start()
    gate.open()
    closing.join(10)
    assert not closing.is_alive()
    assert (gate.future.done(), waiting.done(), done) == (True, False, [])
    lane.close()


def test_a_process_ends_in_peace_while_a_model_runs() -> None:
    code = """
import threading, torch
from workers.lane import Lane
running = threading.Event()
def compute():
    running.set()
    torch.rand(3_000, 3_000) @ torch.rand(3_000, 3_000)
    raise SystemExit(7)
Lane().submit(compute, deadline=0.0)
running.wait()
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
