from typing import Self

import pytest

from bench import stopwatch
from bench.stopwatch import Stopwatch


class _Clock:
    """Stands still but for `pass_`."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now

    def pass_(self, seconds: float) -> None:
        self.now += seconds


class _Decoder:
    clock: _Clock

    def decode(self, seconds: float) -> Self:
        self.clock.pass_(seconds)
        return self


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> _Clock:
    clock = _Clock()
    monkeypatch.setattr(stopwatch, "time", clock)
    return clock


def test_a_stage_is_counted_without_those_inside_it(clock: _Clock) -> None:
    watch = Stopwatch("cpu")
    with watch.stage("all"):
        clock.pass_(1)
        for _ in range(2):
            with watch.stage("part"):
                clock.pass_(10)
        clock.pass_(2)
    clock.pass_(1000)
    assert watch.seconds == {"all": 3, "part": 20}


def test_a_watched_function_does_what_it_did(clock: _Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_Decoder, "decode", _Decoder.decode)  # back again behind the test
    watch, decoder = Stopwatch("cpu"), _Decoder()
    decoder.clock = clock
    watch.watch(_Decoder, "decode", "decoder")
    assert decoder.decode(5) is decoder
    assert watch.seconds == {"decoder": 5}


def test_a_stage_that_fails_ends(clock: _Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_Decoder, "decode", _Decoder.decode)
    watch = Stopwatch("cpu")
    watch.watch(_Decoder, "decode", "decoder")
    with pytest.raises(AttributeError, match="clock"):
        _Decoder().decode(5)  # it has none
    clock.pass_(1000)
    with watch.stage("other"):
        clock.pass_(2)
    assert watch.seconds == {"decoder": 0, "other": 2}
