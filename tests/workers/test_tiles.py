"""How tiles are put together, with a net that writes down what it was asked for. Its sound is in test_conversion."""

import math
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
import pytest
from prometheus_client import CollectorRegistry

from audio.pcm import Samples
from models.errors import DeviceLost, OutOfMemory
from tests.workers.occupied import occupied
from workers.lane import Lane
from workers.metrics import TileMetrics
from workers.tiles import Tiles

HOP = 4


@dataclass(frozen=True)
class Piece:
    """Frames `start` to `stop` of no latent at all."""

    start: int
    stop: int


class Notebook:
    """A net whose samples of a tile are its first frame."""

    def __init__(self, batch: int = 3, holds: int = 99, broken: int = -1) -> None:
        self.batch = batch
        self.calls: list[list[int]] = []
        self.then: Callable[[], object] = lambda: None
        self._holds = holds
        self._broken = broken

    def decode(self, tiles: Sequence[Piece]) -> list[Samples]:
        starts = [tile.start for tile in tiles]
        self.calls.append(starts)
        self.then()
        if len(tiles) > self._holds:
            raise OutOfMemory
        if self._broken in starts:
            raise ZeroDivisionError("of the tile")
        return [np.full(HOP * (tile.stop - tile.start), tile.start, np.float32) for tile in tiles]


class Desk:
    def __init__(self) -> None:
        self.given_up = threading.Event()
        self.lane = Lane(self.given_up.set)
        self.registry = CollectorRegistry()
        self.gave_way: list[threading.Thread] = []
        self.callers: Callable[[], object] = lambda: None
        self._tiles = Tiles(self.lane, TileMetrics(self.registry), self._give_way)

    def _give_way(self) -> None:
        self.gave_way.append(threading.current_thread())
        self.callers()

    def closed(self) -> AbstractContextManager[None]:
        return occupied(self.lane)

    def hand_in(
        self, net: Any, *starts: int, deadline: float = 0.0, interactive: bool = False
    ) -> list[Future[Samples]]:
        pieces: list[Any] = [Piece(start, start + 100) for start in starts]
        return [self._tiles.submit(net, piece, deadline=deadline, interactive=interactive) for piece in pieces]


@pytest.fixture
def desk() -> Desk:
    return Desk()


def answers(futures: list[Future[Samples]]) -> list[int]:
    found = [future.result(10) for future in futures]
    assert {samples.size for samples in found} == {100 * HOP}
    return [int(samples[0]) for samples in found]


def test_tiles_of_several_jobs_go_together_up_to_the_batch(desk: Desk) -> None:
    net = Notebook()
    with desk.closed():
        one, other = desk.hand_in(net, 1, 2), desk.hand_in(net, 3, 4)
    assert answers(one + other) == [1, 2, 3, 4]
    assert net.calls == [[1, 2, 3], [4]]


def test_the_earliest_goes_first_and_takes_others_along(desk: Desk) -> None:
    net = Notebook()
    with desk.closed():
        late, early = desk.hand_in(net, 1, 2, 3, deadline=60.0), desk.hand_in(net, 4, deadline=1.0)
    answers(late + early)
    assert net.calls == [[4, 1, 2], [3]]


def test_only_tiles_of_one_net_go_together(desk: Desk) -> None:
    net, other = Notebook(), Notebook()
    with desk.closed():
        futures = desk.hand_in(net, 1) + desk.hand_in(other, 2) + desk.hand_in(net, 3)
    assert answers(futures) == [1, 2, 3]
    assert (net.calls, other.calls) == ([[1, 3]], [[2]])


def test_one_that_was_cancelled_is_never_decoded(desk: Desk) -> None:
    net = Notebook()
    with desk.closed():
        unwanted, wanted = desk.hand_in(net, 1, 2)
        assert unwanted.cancel()
    assert answers([wanted]) == [2]
    assert net.calls == [[2]]


def test_one_that_is_cancelled_while_callers_are_served_is_not_decoded(desk: Desk) -> None:
    net, futures = Notebook(), list[Future[Samples]]()
    desk.callers = lambda: [future.cancel() for future in futures[:1]]
    with desk.closed():
        futures += desk.hand_in(net, 1, 2)
    assert answers(futures[1:]) == [2]
    assert net.calls == [[2]]


def test_one_that_fails_fails_alone(desk: Desk) -> None:
    net = Notebook(broken=2)
    with desk.closed():
        well, ill, other = desk.hand_in(net, 1, 2, 3)
    assert answers([well, other]) == [1, 3]
    with pytest.raises(ZeroDivisionError, match="of the tile"):
        ill.result(10)


def test_a_full_memory_halves_the_batch_and_is_remembered(desk: Desk) -> None:
    net = Notebook(batch=8, holds=3)
    with desk.closed():
        futures = desk.hand_in(net, *range(8))
    assert answers(futures) == list(range(8))
    assert [len(call) for call in net.calls] == [8, 4, 2, 2, 4, 2, 2]
    net.calls.clear()
    with desk.closed():
        futures = desk.hand_in(net, *range(4))
    assert answers(futures) == list(range(4))
    assert [len(call) for call in net.calls] == [2, 2]


def test_one_that_does_not_fit_even_alone_fails(desk: Desk) -> None:
    with desk.closed():
        futures = desk.hand_in(Notebook(holds=0), 1, 2)
    for future in futures:
        with pytest.raises(OutOfMemory, match="even alone"):
            future.result(10)


def test_a_lost_device_ends_the_process_and_blames_no_job(desk: Desk) -> None:
    def lose() -> None:
        raise DeviceLost

    net = Notebook()
    net.then = lose
    with desk.closed():
        futures = desk.hand_in(net, 1, 2)
    assert desk.given_up.wait(10)
    assert not any(future.done() for future in futures)


def test_background_tiles_give_way_and_those_that_somebody_waits_for_do_not(desk: Desk) -> None:
    net, order = Notebook(batch=1), list[str]()
    net.then = lambda: order.append("tile")
    desk.callers = lambda: order.append("callers")
    with desk.closed():
        background = desk.hand_in(net, 1, 2, deadline=0.0)
        waited_for = desk.hand_in(net, 3, deadline=1.0, interactive=True)
    answers(background + waited_for)
    assert order == ["callers", "tile", "callers", "tile", "tile"]
    assert len(set(desk.gave_way)) == 1
    assert desk.gave_way[0].name == "lane"


def test_what_was_decoded_is_counted(desk: Desk) -> None:
    with desk.closed():
        futures = desk.hand_in(Notebook(), 1, 2, 3, 4)
    answers(futures)
    desk.lane.submit(lambda: None, deadline=math.inf).result(10)
    value = desk.registry.get_sample_value
    assert (value("voxhall_batch_tiles_sum"), value("voxhall_batch_tiles_count")) == (4, 2)
    assert value("voxhall_converted_seconds_total") == pytest.approx(4.0)
    assert 0 < (value("voxhall_tile_seconds_total") or 0) < 10


def test_many_jobs_get_their_own(desk: Desk) -> None:
    net = Notebook(batch=5, holds=4, broken=777)
    found: dict[int, list[int]] = {}

    def work(job: int) -> None:
        found[job] = answers(desk.hand_in(net, *range(job * 100, job * 100 + 20), deadline=float(job % 3)))

    threads = [threading.Thread(target=work, args=(job,)) for job in range(8)]
    for thread in threads:
        thread.start()
    (ill,) = desk.hand_in(net, 777, deadline=1.0)
    for thread in threads:
        thread.join(20)
    assert found == {job: list(range(job * 100, job * 100 + 20)) for job in range(8)}
    with pytest.raises(ZeroDivisionError):
        ill.result(10)
    assert set(chain(*net.calls)) == {*chain(*found.values()), 777}
