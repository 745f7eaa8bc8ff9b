"""Time that is counted once, for the step that it was spent on. The lane's work lasts as long as a test says."""

import time
from concurrent.futures import Future

from workers.lane import Lane
from workers.meter import Meter, current, metered, working


def work(seconds: float) -> None:
    time.sleep(seconds)


def test_the_lanes_work_is_counted_for_whoever_handed_it_in() -> None:
    lane, mine, yours = Lane(), Meter(), Meter()
    with metered(mine):
        lane.submit(lambda: work(0.03), deadline=0.0).result(10)
    with metered(yours):
        lane.submit(lambda: work(0.001), deadline=0.0).result(10)
    lane.submit(lambda: work(0.001), deadline=0.0).result(10)
    assert mine.seconds >= 0.03
    assert yours.seconds >= 0.001


def test_what_fails_is_counted_too() -> None:
    lane, mine = Lane(), Meter()

    def fail() -> None:
        work(0.01)
        raise ZeroDivisionError

    with metered(mine):
        assert lane.submit(fail, deadline=0.0).exception(10)
    assert mine.seconds >= 0.01


def test_steps_of_a_batch_share_its_time() -> None:
    first, second = Meter(), Meter()
    with working([(first, 3), (second, 1), (None, 4)]):
        work(0.02)
    assert first.seconds == 3 * second.seconds
    assert second.seconds >= 0.02 / 8


def test_work_amid_other_work_is_counted_once() -> None:
    outer, inner = Meter(), Meter()
    started = time.monotonic()
    with working([(outer, 1)]):
        with working([(inner, 1)]):
            work(0.02)
        work(0.01)
        with working([(inner, 1)]):
            work(0.02)
    whole = time.monotonic() - started
    assert inner.seconds >= 0.04
    assert outer.seconds >= 0.01
    assert outer.seconds + inner.seconds <= whole


def test_a_batch_that_one_steps_turn_renders_is_not_that_steps_alone() -> None:
    lane, mine, yours = Lane(), Meter(), Meter()

    def turn() -> None:
        with working([(yours, 1)]):
            work(0.02)

    started = time.monotonic()
    with metered(mine):
        future: Future[None] = lane.submit(turn, deadline=0.0)
        assert current() is mine
    future.result(10)
    assert current() is None
    assert yours.seconds >= 0.02
    assert mine.seconds + yours.seconds <= time.monotonic() - started
