import pytest

from workers.budget import RECOVERY, Budget
from workers.fill import LAUNCH

ROOM = 1_000_000


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_device_that_does_not_batch_has_none() -> None:
    budget = Budget()
    budget.rendered(1_000, 1.0)
    assert budget.frames(0, 1.0) == 0


def test_it_is_as_much_as_the_device_renders_in_the_time() -> None:
    budget = Budget()
    assert budget.frames(ROOM, 1.0) == LAUNCH
    budget.rendered(40_000, 0.5)
    assert budget.frames(ROOM, 1.0) == 80_000
    assert budget.frames(ROOM, 0.1) == 8_000
    assert budget.frames(ROOM, 0.001) == LAUNCH
    assert budget.frames(5_000, 1.0) == 5_000


def test_the_pace_follows_the_latest_batches_and_large_ones_count_more() -> None:
    budget = Budget()
    budget.rendered(100_000, 1.0)
    budget.rendered(100, 0.01)
    assert budget.frames(ROOM, 1.0) > 95_000
    for _ in range(40):
        budget.rendered(50_000, 1.0)
    assert budget.frames(ROOM, 1.0) == pytest.approx(50_000, rel=0.02)


def test_after_a_full_memory_it_is_half_and_grows_back() -> None:
    clock = Clock()
    budget = Budget(clock)
    budget.rendered(100_000, 1.0)
    budget.exceeded(80_000)
    assert budget.frames(ROOM, 1.0) == 40_000
    clock.now = RECOVERY
    assert budget.frames(ROOM, 1.0) == 80_000
    clock.now = 1e9
    assert budget.frames(ROOM, 1.0) == 100_000
