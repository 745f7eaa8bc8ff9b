"""How windows are put together, with an engine that writes down what it was asked for."""

import threading
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager
from dataclasses import replace
from itertools import chain
from typing import Any

import numpy as np
import pytest

from models.whisper.decoder import Heard, Sound
from models.whisper.options import Decoding
from tests.workers.occupied import occupied
from workers.lane import Lane
from workers.windows import Windows

ENGLISH = Decoding("en")


class Notebook:
    """An engine whose answer names the window: its number of frames."""

    batch = 3

    def __init__(self, broken: int = -1) -> None:
        self.calls: list[list[int]] = []
        self._broken = broken

    def decode(self, sounds: Sequence[Sound], decoding: Decoding) -> list[Heard]:
        frames = [sound.frames for sound in sounds]
        self.calls.append(frames)
        if self._broken in frames:
            raise ZeroDivisionError("of the window")
        return [Heard((), frame, decoding.temperature, 0.0, 1.0, 0.0) for frame in frames]


class Desk:
    def __init__(self) -> None:
        self.lane = Lane()
        self._windows = Windows(self.lane)

    def closed(self) -> AbstractContextManager[None]:
        return occupied(self.lane)

    def hand_in(
        self, engine: Any, *numbers: int, deadline: float = 0.0, decoding: Decoding = ENGLISH
    ) -> list[Future[Heard]]:
        sounds = [Sound(np.zeros((80, 1), np.float32), number) for number in numbers]
        return [self._windows.submit(engine, sound, decoding, deadline=deadline) for sound in sounds]


def answers(futures: list[Future[Heard]]) -> list[int]:
    return [future.result(10).until for future in futures]


def test_windows_that_wait_go_together_up_to_the_batch() -> None:
    desk, engine = Desk(), Notebook()
    with desk.closed():
        one, other = desk.hand_in(engine, 1, 2, 3), desk.hand_in(engine, 4)
    assert answers(one + other) == [1, 2, 3, 4]
    assert engine.calls == [[1, 2, 3], [4]]


def test_the_earliest_goes_first_and_takes_others_along() -> None:
    desk, engine = Desk(), Notebook()
    with desk.closed():
        late, early = desk.hand_in(engine, 1, 2, 3, deadline=60.0), desk.hand_in(engine, 4, deadline=1.0)
    answers(late + early)
    assert engine.calls == [[4, 1, 2], [3]]


def test_only_windows_of_the_same_options_and_engine_go_together() -> None:
    desk, engine, other = Desk(), Notebook(), Notebook()
    with desk.closed():
        futures = [
            *desk.hand_in(engine, 1),
            *desk.hand_in(engine, 2, decoding=Decoding("de")),
            *desk.hand_in(engine, 3, decoding=replace(ENGLISH, temperature=0.2)),
            *desk.hand_in(other, 4),
            *desk.hand_in(engine, 5),
        ]
    assert answers(futures) == [1, 2, 3, 4, 5]
    assert engine.calls == [[1, 5], [2], [3]]
    assert other.calls == [[4]]


def test_a_window_that_fails_fails_alone() -> None:
    desk, engine = Desk(), Notebook(broken=2)
    with desk.closed():
        well, ill, other = desk.hand_in(engine, 1, 2, 3)
    assert answers([well, other]) == [1, 3]
    with pytest.raises(ZeroDivisionError, match="of the window"):
        ill.result(10)


def test_a_window_that_was_cancelled_is_never_decoded() -> None:
    desk, engine = Desk(), Notebook()
    with desk.closed():
        unwanted, wanted = desk.hand_in(engine, 1, 2)
        assert unwanted.cancel()
    assert answers([wanted]) == [2]
    assert engine.calls == [[2]]


def test_many_jobs_get_their_own_answers() -> None:
    desk, engine = Desk(), Notebook()
    found: dict[int, list[int]] = {}

    def work(job: int) -> None:
        found[job] = answers(desk.hand_in(engine, *range(job * 100, job * 100 + 20), deadline=float(job % 3)))

    threads = [threading.Thread(target=work, args=(job,)) for job in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert found == {job: list(range(job * 100, job * 100 + 20)) for job in range(8)}
    assert sorted(chain(*engine.calls)) == sorted(chain(*found.values()))
