from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from models.kokoro.engine import Utterance
from workers.fill import LAUNCH, NEAR, Waiting, fill, size_of

ENGINES: tuple[Any, Any] = ("one", "other")


def waiting(phonemes: int, *, interactive: bool = False, engine: Any = ENGINES[0], deadline: float = 0.0) -> Waiting:
    return Waiting(engine, Utterance("a" * phonemes, "af_heart"), deadline, 0, interactive, submitted=0.0)


some = st.builds(
    waiting,
    st.integers(1, 510),
    interactive=st.booleans(),
    engine=st.sampled_from(ENGINES),
    deadline=st.floats(0, 100),
)


@given(st.lists(some, min_size=1, max_size=40), st.integers(0, 30_000))
def test_a_batch_keeps_its_bounds_and_leaves_nothing_that_costs_nothing(line: list[Waiting], room: int) -> None:
    first = line[0]
    batch = fill(first, line, room)
    size = size_of(batch)
    assert batch[0] is first
    assert len(set(batch)) == len(batch)
    assert set(batch) <= set(line)
    assert {one.engine for one in batch} == {first.engine}
    assert size.padded <= room or len(batch) == 1
    assert size.padded - size.total <= max(LAUNCH, (1 - NEAR) * size.padded)
    same = [one for one in line if (one.engine, one.interactive) == (first.engine, first.interactive)]
    for one in set(same) - set(batch):
        assert one.frames != size.longest or size.plus(one.frames).padded > room


@given(st.lists(some, min_size=1, max_size=40), st.integers(0, 30_000))
def test_callers_do_not_wait_for_background_work_that_rides_along(line: list[Waiting], room: int) -> None:
    first = waiting(100, interactive=True)
    batch = fill(first, line, room)
    callers = size_of(one for one in batch if one.interactive)
    if len(batch) > callers.count:
        assert size_of(batch).longest == callers.longest
        assert size_of(batch).padded <= LAUNCH


def test_the_nearest_in_length_go_along_first() -> None:
    first, near, nearer, far = waiting(200), waiting(180), waiting(195), waiting(160)
    assert fill(first, [far, near, nearer], 3 * first.frames) == [first, nearer, near]


def test_where_lengths_are_the_same_the_earliest_deadline_goes_along() -> None:
    first, late, early = waiting(200), waiting(200, deadline=2.0), waiting(200, deadline=1.0)
    assert fill(first, [late, early], 2 * first.frames) == [first, early]


def test_a_small_batch_may_be_uneven_and_a_large_one_may_not() -> None:
    short = [waiting(40) for _ in range(30)]  # of 108 frames each
    assert len(fill(waiting(120), short, 30_000)) == 1 + 9  # 216 frames of padding each
    assert len(fill(waiting(510), short, 30_000)) == 1 + 1
    assert len(fill(waiting(53), short, 30_000)) == 1 + 30


def test_without_room_each_goes_alone() -> None:
    first = waiting(10)
    assert fill(first, [waiting(10), waiting(1)], 0) == [first]
