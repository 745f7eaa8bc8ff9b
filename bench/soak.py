"""Whether a house that is used all day stays as it was: memory, open files, connections and threads, under mixed load.

python -m bench.soak [--minutes 60] [--device auto] [--callers 4]

A rush of callers comes first, which is not measured. Then the means of the second tenth and of the last tenth of the
time are compared. The exit code is 1 where the memory of a process grew by 5 % (in the small ones: and by more than
4 MB), or another measure by 5 % and more than 4; where anything leaked or failed, where a process was started again,
was away or could not be looked at, or where a kind of visit was never made. A few minutes are not enough: models load
on first use, and pools fill.
"""

import argparse
import sys
import time
from collections.abc import Iterator, Mapping, Sequence

import httpx

from bench import machine
from bench.footprint import MEASURES, PROCESSES, Footprint, Sample, Watch, temporary_files, tenths
from bench.hooks import Hook, hook
from bench.house import House, running_house
from bench.report import Report
from bench.texts import PARAGRAPH
from bench.visitors import VISITS, Visitors

EVERY = 15.0
LEAST_SAMPLES = 20
GROWTH = 0.05
SMALL = 50.0
"""Megabytes of a process that may grow by `SLACK_MEMORY` besides: the broker keeps events for a while, which beside its
few megabytes are more than a twentieth. Of a greater one a twentieth is all.
"""
SLACK_MEMORY = 4.0
SLACK = 4
"""Files, connections or threads that each may have more: a pool holds more at one time than at another."""

RUSH = 3
"""Times as many callers come before the others, for `RUSH_SHARE` of the time: pools of connections, threads and memory
hold as much as was ever needed at once, which would else grow for hours by rare coincidences."""
RUSH_SHARE = 0.05

LEFT_SECONDS = 60
"""How long webhooks may take to arrive once nobody calls any more."""


def run() -> None:
    main([])


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="bench.soak")
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--callers", type=int, default=4, help="at once")
    given = parser.parse_args(arguments)
    report = Report()
    report.say(f"{machine.description()}, commit {machine.commit()}")
    report.say()
    with hook() as told, running_house(given.device, VOXHALL_ALLOW_PRIVATE_URLS="true") as house:
        problems = list(soak(report, house, told, seconds=60 * given.minutes, callers=given.callers))
    report.say("\n".join(f"* {problem}" for problem in problems) or "Nothing grew, leaked or failed.")
    if problems:
        sys.exit(1)


def soak(report: Report, house: House, told: Hook, *, seconds: float, callers: int) -> Iterator[str]:
    """Prints what was done and what it took. Yields what is wrong."""
    clip = _clip(house)
    before = temporary_files(house.data_dir)
    every = min(EVERY, seconds / LEAST_SAMPLES)
    with Visitors(house, clip, told.url, count=RUSH * callers) as rush:
        time.sleep(seconds * RUSH_SHARE)
    yield from rush.failures[:10]
    with Visitors(house, clip, told.url, count=callers) as visitors, Watch(house.supervisor, every=every) as watch:
        time.sleep(seconds)
        samples = list(watch.samples)
    report.say(f"{seconds / 60:.0f} minutes, {callers} callers at once, a look each {every:.0f} s.")
    report.say()
    report.table("visit", "times")
    for name, times in visitors.visits.most_common():
        report.row(name, f"{times:,}")
    report.row("webhooks received", f"{told.calls:,}")
    report.row("failures", f"{len(visitors.failures):,}")
    report.say()
    yield from visitors.failures[:10]
    yield from (f"{name}: nobody came for it" for name in unseen(visitors.visits))
    if watch.dropped:
        yield f"{watch.dropped} looks were spoilt by a process that ended"
    yield from grown(report, samples)
    yield from left(house, before)


def grown(report: Report, samples: Sequence[Sample]) -> Iterator[str]:
    report.table("process", *(f"{measure}: 2nd tenth, last, change" for measure in MEASURES))
    for name in sorted(PROCESSES):
        if away := sum(name not in sample for sample in samples):
            yield f"{name}: it was away in {away} of {len(samples)} looks"
        if len(samples) - away < LEAST_SAMPLES:
            continue
        yield from _unsteady(name, [sample[name] for sample in samples if name in sample])
        cells = []
        for measure in MEASURES:
            early, late = tenths(samples, name, measure)
            cells.append(f"{early:,.1f}, {late:,.1f}, {(late - early) / max(early, 1):+.1%}")
            if late > max(early * (1 + GROWTH), early + slack(measure, early)):
                yield f"{name}: {measure} grew from {early:,.1f} to {late:,.1f}"
        report.row(name, *cells)
    report.say()
    report.say(f"Memory is in MB, and may grow by {GROWTH:.0%}; below {SMALL:.0f} MB by {SLACK_MEMORY:.0f} MB,")
    report.say(f"if that is more. The other measures may grow by {GROWTH:.0%} or by {SLACK}.")
    report.say()


def slack(measure: str, early: float) -> float:
    """What a measure that was `early` may grow besides its twentieth."""
    if measure == "memory":
        return SLACK_MEMORY if early < SMALL else 0.0
    return SLACK


def unseen(visits: Mapping[str, int]) -> list[str]:
    """Kinds of visits that were not made."""
    return [visit.__name__ for visit in VISITS if not visits.get(visit.__name__)]


def _unsteady(name: str, seen: Sequence[Footprint]) -> Iterator[str]:
    if len({footprint.pid for footprint in seen}) > 1:
        yield f"{name}: it was started again"
    if hidden := max(footprint.hidden for footprint in seen):
        yield f"{name}: at {hidden} of its processes nobody may look"


def left(house: House, before: int) -> Iterator[str]:
    """What should be gone when all callers are, but for as many temporary files as there were before they came."""
    end = time.monotonic() + LEFT_SECONDS
    while (problems := list(_left(house, before))) and time.monotonic() < end:
        time.sleep(1)
    yield from problems


def _left(house: House, before: int) -> Iterator[str]:
    with house.client() as client:
        for state in ("queued", "running"):
            if count := client.get("/jobs", params={"state": state}).raise_for_status().json()["total"]:
                yield f"{count} jobs are {state}, and nobody waits for them"
        if count := client.get("/webhooks/deliveries", params={"state": "waiting"}).raise_for_status().json()["total"]:
            yield f"{count} webhooks wait"
    if (count := temporary_files(house.data_dir)) > before:
        yield f"{count} temporary files are left, where there were {before}"


def _clip(house: House) -> bytes:
    said = {"model": "kokoro", "voice": "af_heart", "input": PARAGRAPH[:160], "response_format": "wav"}
    with house.client() as client:
        answer: httpx.Response = client.post("/v1/audio/speech", json=said).raise_for_status()
        return answer.content


if __name__ == "__main__":
    main(sys.argv[1:])
