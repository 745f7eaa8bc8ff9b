"""What a running server tells of itself, read again and again: numbers now, and how fast they grow."""

import time
from collections import defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import httpx
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

WINDOW = 60.0
"""Seconds over which rates are told. Workers tell their numbers every 4 s."""

TIMEOUT = 10.0
_Series = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Reading:
    at: float
    """Seconds of the monotonic clock."""
    state: dict[str, Any]
    """Of `/readyz`."""
    samples: dict[str, list[Sample]] = field(default_factory=dict)
    """Of `/metrics`, by name; empty where it did not tell them."""

    @property
    def processes(self) -> set[str]:
        """Those that tell of themselves, and `""` for what has none: the ledger's, and the API's of its requests."""
        return {_process(one) for samples in self.samples.values() for one in samples}

    def find(self, name: str, **labels: str) -> Iterator[Sample]:
        wanted = labels.items()
        return (one for one in self.samples.get(name, ()) if wanted <= one.labels.items())

    def sum(self, name: str, **labels: str) -> float:
        return sum(one.value for one in self.find(name, **labels))

    def by(self, name: str, label: str, **labels: str) -> dict[str, float]:
        """Sums by the values of a label."""
        sums: defaultdict[str, float] = defaultdict(float)
        for one in self.find(name, **labels):
            sums[one.labels.get(label, "")] += one.value
        return dict(sums)


class Readings:
    """Those of the last minute that have numbers."""

    def __init__(self) -> None:
        self._kept: deque[Reading] = deque()
        self.last = Reading(0.0, {})
        """What was last seen: where it has no numbers of its own, it has the newest that are known."""

    def add(self, reading: Reading) -> None:
        while self._kept and reading.at - self._kept[0].at > WINDOW:
            self._kept.popleft()
        if reading.samples:
            self._kept.append(reading)
        self.last = replace(reading, samples=self._kept[-1].samples) if self._kept else reading

    def rate(self, name: str, **labels: str) -> float | None:
        """Growth a second of all counters of this name; None: there are no two readings.

        What a process counted that went away meanwhile is not taken from the others' growth, and what one had counted
        before it was first seen is none. A counter that is new of a process that was there has begun at 0.
        """
        if len(self._kept) < 2 or not (seconds := self._kept[-1].at - self._kept[0].at):
            return None
        grown, before, seen = 0.0, dict[_Series, float](), set[str]()
        for reading in self._kept:
            for one in reading.find(name, **labels):
                series = _series(one)
                known = before.get(series, 0.0 if _process(one) in seen else one.value)
                grown += one.value - known if one.value >= known else one.value  # it began anew
                before[series] = one.value
            seen |= reading.processes
        return grown / seconds


class Unread(Exception):
    """No numbers came; the message is one line that says what to do."""


def read(url: str, token: str | None) -> Reading:
    """Raises `Unread`."""
    bearer = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        ready = httpx.get(f"{url}/readyz", timeout=TIMEOUT)
        metrics = httpx.get(f"{url}/metrics", headers=bearer, timeout=TIMEOUT)
        state = ready.json()
    except (httpx.HTTPError, ValueError) as error:
        raise Unread(
            f"No server answers at {url} ({error}). `voxhall up` starts one; --server names another."
        ) from error
    if metrics.status_code == 401:
        raise Unread("This server shows its metrics only with its token: set VOXHALL_METRICS_TOKEN.")
    if not isinstance(state, dict) or "workers" not in state:
        raise Unread(f"What answers at {url} is no Voxhall server.")
    if not metrics.is_success:
        problem = f"/metrics answers {metrics.status_code}: the numbers below are older, or missing."
        return Reading(time.monotonic(), state | {"problems": [*state.get("problems", ()), problem]})
    return Reading(time.monotonic(), state, _samples(metrics.text))


def _samples(text: str) -> dict[str, list[Sample]]:
    found: defaultdict[str, list[Sample]] = defaultdict(list)
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found[sample.name].append(sample)
    return dict(found)


def _series(sample: Sample) -> _Series:
    return tuple(sorted(sample.labels.items()))


def _process(sample: Sample) -> str:
    return sample.labels.get("worker", "")
