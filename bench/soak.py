"""Whether a house that is used all day stays as it was: memory, open files, connections and threads, under mixed load.

python -m bench.soak [--minutes 60] [--device auto] [--callers 4]

The means of the second tenth and of the last tenth of the time are compared. The exit code is 1 where something grew
by 5 % and by more than a few (megabytes, files …), where anything leaked or failed, or where a process was started
again. A few minutes are not enough: models load on first use, and pools fill.
"""

import argparse
import sys
import time
from collections.abc import Iterator, Sequence

import httpx

from bench import machine
from bench.footprint import MEASURES, Sample, Watch, temporary_files, tenths
from bench.hooks import Hook, hook
from bench.house import House, running_house
from bench.report import Report
from bench.texts import PARAGRAPH
from bench.visitors import Visitors

EVERY = 15.0
LEAST_SAMPLES = 20
GROWTH = 0.05
SLACK = {"memory": 4.0, "files": 4, "connections": 4, "threads": 4}
"""What each may grow besides: a pool holds more at one time than at another, and the broker keeps events for an hour,
which beside its few megabytes are more than a twentieth.
"""

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
    yield from grown(report, samples)
    yield from left(house, before)


def grown(report: Report, samples: Sequence[Sample]) -> Iterator[str]:
    report.table("process", *(f"{measure}: 2nd tenth, last, change" for measure in MEASURES))
    for name in sorted({name for sample in samples for name in sample}):
        if len({sample[name].pid for sample in samples if name in sample}) > 1:
            yield f"{name}: it was started again"
        cells = []
        for measure in MEASURES:
            early, late = tenths(samples, name, measure)
            cells.append(f"{early:,.1f}, {late:,.1f}, {(late - early) / max(early, 1):+.1%}")
            if late > early * (1 + GROWTH) and late > early + SLACK[measure]:
                yield f"{name}: {measure} grew from {early:,.1f} to {late:,.1f}"
        report.row(name, *cells)
    report.say()


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
