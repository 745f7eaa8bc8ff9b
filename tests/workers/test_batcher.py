"""How batches come together, with an engine that writes down what it was asked for. Its sound is in test_speech."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
import pytest
from prometheus_client import CollectorRegistry

from models.errors import DeviceLost, OutOfMemory
from models.kokoro.engine import Synthesis, Utterance
from tests.workers.occupied import occupied
from workers.batcher import Batcher
from workers.lane import Lane
from workers.metrics import BatchMetrics

LARGE = 100_000
STAGES = 2


class Notebook:
    """An engine in two stages, whose answer to an utterance has one frame for each phoneme."""

    sample_rate = 24_000

    def __init__(self, room: int = LARGE, holds: int = LARGE, broken: str = "") -> None:
        self.calls: list[list[str]] = []
        self.stage: Callable[[list[str]], None] = lambda _: None
        """Called before each `between`, with the phonemes of the batch."""
        self._room = room
        self._holds = holds
        self._broken = broken

    def room(self) -> int:
        return self._room

    def synthesize_batch(self, utterances: Sequence[Utterance], *, between: Callable[[], None]) -> list[Synthesis]:
        phonemes = [one.phonemes for one in utterances]
        self.calls.append(phonemes)
        for _ in range(STAGES):
            self.stage(phonemes)
            between()
        if len(utterances) > self._holds:
            raise OutOfMemory
        if self._broken and self._broken in phonemes:
            raise ZeroDivisionError("of the utterance")
        return [Synthesis(np.zeros(600 * len(name), np.float32), np.ones(len(name), np.int64)) for name in phonemes]


class Desk:
    def __init__(self) -> None:
        self.given_up = threading.Event()
        self.lane = Lane(self.given_up.set)
        self.registry = CollectorRegistry()
        self.batcher = Batcher(self.lane, BatchMetrics(self.registry))

    def closed(self) -> AbstractContextManager[None]:
        return occupied(self.lane)

    def hand_in(
        self, engine: Any, *phonemes: str, deadline: float = 0.0, interactive: bool = False
    ) -> list[Future[Synthesis]]:
        utterances = [Utterance(name, "af_heart") for name in phonemes]
        return [self.batcher.submit(engine, one, deadline=deadline, interactive=interactive) for one in utterances]

    def count(self, name: str, **labels: str) -> float:
        value = self.registry.get_sample_value(f"voxhall_{name}", labels)
        assert value is not None, name
        return value


@pytest.fixture
def desk() -> Desk:
    return Desk()


def lengths(futures: list[Future[Synthesis]]) -> list[int]:
    return [future.result(10).durations.size for future in futures]


def test_utterances_of_several_jobs_go_together_and_each_gets_its_own(desk: Desk) -> None:
    engine = Notebook()
    with desk.closed():
        one, other = desk.hand_in(engine, "a", "bb"), desk.hand_in(engine, "ccc")
    assert lengths(one + other) == [1, 2, 3]
    assert engine.calls == [["a", "bb", "ccc"]]


def test_only_those_of_one_engine_go_together(desk: Desk) -> None:
    engine, other = Notebook(), Notebook()
    with desk.closed():
        futures = desk.hand_in(engine, "a") + desk.hand_in(other, "b") + desk.hand_in(engine, "c")
    lengths(futures)
    assert (engine.calls, other.calls) == ([["a", "c"]], [["b"]])


def test_a_device_without_room_renders_one_at_a_time(desk: Desk) -> None:
    engine = Notebook(room=0)
    with desk.closed():
        futures = desk.hand_in(engine, "a", "b", deadline=2.0) + desk.hand_in(engine, "c", deadline=1.0)
    lengths(futures)
    assert engine.calls == [["c"], ["a"], ["b"]]


def test_callers_go_first_and_take_what_costs_them_nothing_along(desk: Desk) -> None:
    engine, long = Notebook(), "l" * 400
    with desk.closed():
        background = desk.hand_in(engine, long, "ab", deadline=0.0)
        callers = desk.hand_in(engine, "abc", deadline=60.0, interactive=True)
    assert lengths(background + callers) == [400, 2, 3]
    assert engine.calls == [["abc", "ab"], [long]]


def test_one_that_fails_fails_alone(desk: Desk) -> None:
    engine = Notebook(broken="ill")
    with desk.closed():
        well, ill, other = desk.hand_in(engine, "well", "ill", "other")
    assert lengths([well, other]) == [4, 5]
    with pytest.raises(ZeroDivisionError, match="of the utterance"):
        ill.result(10)
    assert engine.calls[1:] == [["well"], ["ill"], ["other"]]
    assert desk.count("batches_broken_total") == 1


def test_a_full_memory_halves_the_batch_and_is_remembered(desk: Desk) -> None:
    engine, names = Notebook(holds=3), [letter * 100 for letter in "abcdefgh"]
    with desk.closed():
        futures = desk.hand_in(engine, *names)
    assert lengths(futures) == [100] * 8
    assert [len(call) for call in engine.calls] == [7, 3, 4, 2, 2, 1]  # the eighth is beyond `LAUNCH`
    assert desk.count("out_of_memory_total") == 2
    engine.calls.clear()
    with desk.closed():
        futures = desk.hand_in(engine, *names)
    lengths(futures)
    assert max(len(call) for call in engine.calls) == 2  # half of the four that were too many
    assert desk.count("out_of_memory_total") == 2


def test_one_that_does_not_fit_even_alone_fails_and_nothing_else_does(desk: Desk) -> None:
    engine = Notebook(holds=0)
    with desk.closed():
        futures = desk.hand_in(engine, "a", "b")
    for future in futures:
        with pytest.raises(OutOfMemory, match="even alone"):
            future.result(10)
    assert engine.calls == [["a", "b"], ["a"], ["b"]]
    assert lengths(desk.hand_in(Notebook(), "c")) == [1]


def test_one_that_was_cancelled_in_time_is_never_rendered(desk: Desk) -> None:
    engine = Notebook()
    with desk.closed():
        unwanted, wanted = desk.hand_in(engine, "a", "b")
        assert unwanted.cancel()
    assert lengths([wanted]) == [1]
    assert engine.calls == [["b"]]


def test_a_batch_of_which_nothing_is_wanted_ends_at_its_next_stage(desk: Desk) -> None:
    engine, stages = Notebook(), list[list[str]]()
    futures: list[Future[Synthesis]] = []

    def cancel(batch: list[str]) -> None:
        stages.append(batch)
        assert [future.cancel() for future in futures[: len(batch)]] == [True] * len(batch)

    engine.stage = cancel
    with desk.closed():
        futures += desk.hand_in(engine, "a", "b")
    following = desk.hand_in(Notebook(), "c")
    assert lengths(following) == [1]
    assert stages == [["a", "b"]]  # the second stage is not reached
    assert desk.count("batch_utterances_count") == 1


def test_what_is_still_wanted_of_a_batch_is_rendered_to_its_end(desk: Desk) -> None:
    engine = Notebook()
    futures: list[Future[Synthesis]] = []

    def cancel(_batch: list[str]) -> None:
        futures[0].cancel()

    engine.stage = cancel
    with desk.closed():
        futures += desk.hand_in(engine, "a", "bb")
    assert lengths(futures[1:]) == [2]
    assert futures[0].cancelled()


def test_callers_are_served_amid_a_background_render(desk: Desk) -> None:
    engine, order = Notebook(room=0), list[str]()
    callers: list[Future[Synthesis]] = []

    def stage(batch: list[str]) -> None:
        if batch == ["book"] and not callers:
            callers.extend(desk.hand_in(engine, "call", "ring", deadline=60.0, interactive=True))
            desk.hand_in(engine, "more")

    engine.stage = stage
    book = desk.hand_in(engine, "book")[0]
    book.add_done_callback(lambda _: order.append("book"))
    assert lengths([book]) == [4]
    assert [caller.done() for caller in callers] == [True, True]
    assert engine.calls[:3] == [["book"], ["call"], ["ring"]]
    assert desk.count("preemptions_total") == 2


def test_nothing_is_served_amid_a_render_for_callers(desk: Desk) -> None:
    engine, inside = Notebook(room=0), list[str]()

    def stage(batch: list[str]) -> None:
        if batch == ["one"] and not inside:
            inside.append("one")
            desk.hand_in(engine, "other", deadline=-1.0, interactive=True)[0].add_done_callback(
                lambda _: inside.append("other")
            )

    engine.stage = stage
    one = desk.hand_in(engine, "one", interactive=True)[0]
    one.add_done_callback(lambda _: inside.append("end"))
    lengths([one])
    lengths(desk.hand_in(engine, "last", interactive=True))
    assert inside == ["one", "end", "other"]
    assert desk.count("preemptions_total") == 0


def test_a_caller_for_whom_memory_lacks_amid_a_render_waits_for_its_end(desk: Desk) -> None:
    engine = Notebook()
    books: list[Future[Synthesis]] = []
    callers: list[Future[Synthesis]] = []

    def stage(batch: list[str]) -> None:
        if batch == ["book"] and not callers:
            callers.extend(desk.hand_in(engine, "call", interactive=True))
        if batch == ["call"] and not books[0].done():
            raise OutOfMemory

    engine.stage = stage
    with desk.closed():
        books += desk.hand_in(engine, "book")
    assert lengths(books) == [4]
    assert lengths(callers) == [4]
    assert engine.calls == [["book"], ["call"], ["call"]]


def test_a_device_that_does_not_answer_fails_what_it_is_asked_for(desk: Desk) -> None:
    class Lost(Notebook):
        def room(self) -> int:
            raise RuntimeError("the driver is gone")

    with desk.closed():
        futures = desk.hand_in(Lost(broken="a"), "a")
    with pytest.raises(ZeroDivisionError):
        futures[0].result(10)


def test_what_was_rendered_is_counted(desk: Desk) -> None:
    engine = Notebook(room=1_000)
    with desk.closed():
        futures = desk.hand_in(engine, "a" * 40, "b" * 30) + desk.hand_in(engine, "c" * 20, interactive=True)
    lengths(futures)
    assert engine.calls == [["c" * 20], ["a" * 40, "b" * 30]]
    assert desk.count("batch_utterances_sum") == 3
    assert desk.count("batch_utterances_count") == 2
    assert desk.count("audio_seconds_total") == pytest.approx(0.025 * 90)
    assert desk.count("padding_seconds_total") == pytest.approx(0.025 * 10)
    assert desk.count("batch_fill_ratio_sum") == pytest.approx((54 + 2 * 108) / 1_000)
    assert desk.count("queue_wait_seconds_count", **{"class": "interactive"}) == 1
    assert desk.count("queue_wait_seconds_count", **{"class": "background"}) == 2
    assert 0 < desk.count("batch_render_seconds_sum") < 10


def test_many_jobs_get_their_own(desk: Desk) -> None:
    engine = Notebook(holds=5)
    found: dict[int, list[int]] = {}

    def work(job: int) -> None:
        found[job] = lengths(
            desk.hand_in(engine, *("x" * (job * 10 + n) for n in range(1, 9)), interactive=job % 2 == 0)
        )

    threads = [threading.Thread(target=work, args=(job,)) for job in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert found == {job: [job * 10 + n for n in range(1, 9)] for job in range(16)}


def test_callers_are_served_amid_other_work_of_the_lane(desk: Desk) -> None:
    """A call that takes long, such as a conversion's: it gives way as a background render does."""
    engine, order = Notebook(room=0), list[str]()

    def work() -> None:
        callers = desk.hand_in(engine, "call", deadline=60.0, interactive=True)
        book = desk.hand_in(engine, "book")
        desk.batcher.give_way()
        order.extend(str([future.done() for future in futures]) for futures in (callers, book))

    desk.lane.submit(work, deadline=0.0).result(10)
    assert order == ["[True]", "[False]"]
    assert desk.count("preemptions_total") == 1


def test_a_device_that_is_lost_amid_another_batch_blames_neither(desk: Desk) -> None:
    engine = Notebook(room=0)
    callers: list[Future[Synthesis]] = []

    def stage(batch: list[str]) -> None:
        if batch == ["call"]:
            raise DeviceLost
        callers.extend(desk.hand_in(engine, "call", interactive=True))

    engine.stage = stage
    (book,) = desk.hand_in(engine, "book")
    assert desk.given_up.wait(10)
    assert not book.done()
    assert not callers[0].done()


def test_a_lost_device_ends_the_process_and_blames_no_job(desk: Desk) -> None:
    def lose(_: list[str]) -> None:
        raise DeviceLost

    engine = Notebook()
    engine.stage = lose
    (future,) = desk.hand_in(engine, "a")
    assert desk.given_up.wait(10)
    assert not future.done()
