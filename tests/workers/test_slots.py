import uuid
from collections.abc import Callable

import pytest

from jobs.ledger import Claim
from workers.slots import Slots


def claim(*, interactive: bool = False, alone: bool = False) -> Claim:
    return Claim(uuid.uuid4().hex, 0, "speech", "w", uuid.uuid4().hex, interactive, alone)


def offer(claim: Claim) -> Callable[[bool, bool], Claim | None]:
    """What a ledger with just this one step would answer."""

    def answer(background: bool, alone: bool) -> Claim | None:
        takes = (background or claim.interactive or claim.alone) and (alone or not claim.alone)
        return claim if takes else None

    return answer


@pytest.mark.parametrize(("threads", "most"), [(2, 1), (3, 2), (16, 12), (128, 96)])
def test_background_steps_leave_threads_to_callers_who_wait(threads: int, most: int) -> None:
    slots = Slots(threads)
    background = [claim() for _ in range(most + 1)]
    assert [slots.take(offer(step)) for step in background] == [*background[:most], None]
    waiting = claim(interactive=True)
    assert slots.take(offer(waiting)) == waiting
    slots.give_back(background[0])
    assert slots.take(offer(background[most])) == background[most]


def test_one_thread_does_background_steps_too() -> None:
    slots = Slots(1)
    step = claim()
    assert slots.take(offer(step)) == step


def test_callers_who_wait_do_not_count_as_background() -> None:
    slots = Slots(2)
    slots.take(offer(claim(interactive=True)))
    step = claim()
    assert slots.take(offer(step)) == step


def test_a_step_that_must_run_alone_needs_an_idle_process_and_closes_it() -> None:
    slots = Slots(4)
    other, lonely = claim(interactive=True), claim(alone=True)
    slots.take(offer(other))
    assert slots.take(offer(lonely)) is None
    slots.give_back(other)
    assert slots.take(offer(lonely)) == lonely
    assert slots.take(offer(claim(interactive=True))) is None
    slots.give_back(lonely)
    assert slots.take(offer(other)) == other


def test_nothing_is_held_where_nothing_was_to_be_had() -> None:
    slots = Slots(2)
    assert slots.take(lambda _background, _alone: None) is None
    assert slots.held() == []
    step = claim()
    slots.take(offer(step))
    assert slots.held() == [step]


def test_what_is_closed_takes_nothing_more() -> None:
    slots, held = Slots(4), claim()
    assert slots.take(offer(held)) == held
    assert slots.close() == [held]
    assert slots.take(offer(claim(interactive=True))) is None
    slots.give_back(held)
    assert slots.close() == []
