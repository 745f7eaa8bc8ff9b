"""What a running server tells of itself, read again and again: numbers now, and how fast they grow."""

import time
from collections import defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

WINDOW = 60.0
"""Seconds over which rates are told. Workers tell their numbers every 4 s."""

TIMEOUT = 10.0


@dataclass(frozen=True, slots=True)
class Reading:
    at: float
    """Seconds of the monotonic clock."""
    state: dict[str, Any]
    """Of `/readyz`."""
    samples: dict[str, list[Sample]] = field(default_factory=dict)
    """Of `/metrics`, by name."""

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
    """Those of the last minute."""

    def __init__(self) -> None:
        self._kept: deque[Reading] = deque()

    def add(self, reading: Reading) -> None:
        self._kept.append(reading)
        while self._kept[-1].at - self._kept[0].at > WINDOW:
            self._kept.popleft()

    @property
    def last(self) -> Reading:
        return self._kept[-1]

    def rate(self, name: str, **labels: str) -> float | None:
        """Growth a second of all counters of this name; None: there is but one reading.

        What a process counted that went away meanwhile is not taken from the others' growth.
        """
        seconds = self._kept[-1].at - self._kept[0].at
        if not seconds:
            return None
        grown = 0.0
        before = {_series(one): one.value for one in self._kept[0].find(name, **labels)}
        for one in self._kept[-1].find(name, **labels):
            grown += max(0.0, one.value - before.get(_series(one), 0.0))
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
    return Reading(time.monotonic(), state, _samples(metrics.text) if metrics.is_success else {})


def _samples(text: str) -> dict[str, list[Sample]]:
    found: defaultdict[str, list[Sample]] = defaultdict(list)
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found[sample.name].append(sample)
    return dict(found)


def _series(sample: Sample) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(sample.labels.items()))
