import time
from typing import Any

import pytest

from models.kokoro.engine import Utterance
from workers.fill import Waiting
from workers.turns import PATIENCE, TURN, Turns

ENGINE: Any = "engine"


@pytest.fixture
def turns() -> Turns:
    return Turns()


def put(turns: Turns, deadline: float, *, interactive: bool = False, nests: bool = True) -> Waiting:
    one = Waiting(ENGINE, Utterance("a", "af_heart"), deadline, 0, interactive, submitted=0.0, nests=nests)
    turns.put(one)
    return one


def alone(_first: Waiting) -> int:
    return 0


def test_callers_go_before_background_work_and_each_by_deadline(turns: Turns) -> None:
    late, early = put(turns, 2.0), put(turns, 1.0)
    second, first = put(turns, 60.0, interactive=True), put(turns, 50.0, interactive=True)
    assert [turns.take(alone) for _ in range(5)] == [[first], [second], [early], [late], []]


def test_those_of_one_deadline_come_in_their_order(turns: Turns) -> None:
    waiting = [Waiting(ENGINE, Utterance("a", "v"), 1.0, order, False, submitted=0.0) for order in range(3)]
    for one in reversed(waiting):
        turns.put(one)
    assert [turns.take(alone) for _ in range(3)] == [[one] for one in waiting]


def test_what_was_cancelled_is_forgotten(turns: Turns) -> None:
    unwanted, wanted = put(turns, 1.0), put(turns, 2.0)
    unwanted.future.cancel()
    assert [turns.take(alone), turns.take(alone)] == [[wanted], []]


def test_background_work_has_a_turn_where_callers_never_end(turns: Turns) -> None:
    background = [put(turns, 60.0), put(turns, 61.0)]
    callers = [put(turns, 0.0, interactive=True) for _ in range(9)]
    order = []
    for _ in range(7):
        batch = turns.take(alone)
        order.append(batch[0] in background)
        if batch[0].interactive:
            turns.spent(PATIENCE / 2)
    assert order == [False, False, True, False, False, True, False]
    assert len(callers) == 9


def test_callers_owe_nothing_while_nothing_else_waits(turns: Turns) -> None:
    for _ in range(2):
        put(turns, 0.0, interactive=True)
    turns.take(alone)
    turns.spent(10 * PATIENCE)
    turns.take(alone)
    put(turns, 0.0)
    caller = put(turns, 1.0, interactive=True)
    assert turns.take(alone) == [caller]


def test_only_callers_are_served_amid_a_render_and_not_for_ever(turns: Turns) -> None:
    put(turns, 0.0)
    callers = [put(turns, 1.0, interactive=True) for _ in range(3)]
    assert turns.take_amid(alone) == [callers[0]]
    turns.spent(PATIENCE)
    assert turns.take_amid(alone) == []
    assert turns.take_amid(alone) == []  # one stage after the other
    time.sleep(TURN)
    assert turns.take_amid(alone) == [callers[1]]


def test_what_does_not_nest_waits_for_the_end_of_the_render(turns: Turns) -> None:
    heavy = put(turns, 0.0, interactive=True, nests=False)
    assert turns.take_amid(alone) == []
    assert turns.take(alone) == [heavy]


def test_a_call_is_remembered(turns: Turns) -> None:
    put(turns, 0.0)
    assert not turns.called_lately
    put(turns, 0.0, interactive=True)
    assert turns.called_lately


def test_the_room_of_the_most_urgent_counts(turns: Turns) -> None:
    put(turns, 0.0)
    caller = put(turns, 1.0, interactive=True)
    asked: list[Waiting] = []

    def room(first: Waiting) -> int:
        asked.append(first)
        return 10_000

    assert len(turns.take(room)) == 2
    assert asked == [caller]
