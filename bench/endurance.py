"""Thousands of short jobs in the queue: whether the last go as fast as the first, and whether memory stays flat.

python -m bench.endurance [--device auto] [--jobs 10000]

The speech worker is held (SIGSTOP) until all jobs are handed in, so that no submission disturbs what is measured.
"""

import argparse
import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from bench.house import House, resident, running_house
from bench.jobs import Job, submit_all, succeeded, wait_for
from bench.report import Report
from bench.texts import SENTENCES, SHORT

JOBS = 10_000
SAMPLE = 100
"""Jobs of the warm-up, of each end that is not counted, and of each end whose pace is taken."""
PROCESSES = ("api", "worker speech")
VOICES = ("af_heart", "am_michael", "bf_emma", "bm_george")


def run() -> None:
    main([])


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="bench.endurance")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--jobs", type=int, default=JOBS, help=f"at least {2 * SAMPLE}")
    given = parser.parse_args(arguments)
    if given.jobs < 2 * SAMPLE:
        parser.error(f"--jobs: at least {2 * SAMPLE}, for the first and the last {SAMPLE} are compared")
    # It is held for longer than a process may hang.
    with running_house(given.device, VOXHALL_HANG_SECONDS="0") as house:
        measure(Report(), house, given.jobs)


def measure(report: Report, house: House, count: int) -> None:
    """Prints two tables. Jobs before and behind the `count` are not measured: there the queue fills and runs dry."""
    submit_all(house, _specs(SAMPLE))
    wait_for(house, 1 + SAMPLE)
    memory = _Memory(house, after=1 + 3 * SAMPLE)
    with _held(house.pid_of("worker speech")):
        started = time.monotonic()
        ids = submit_all(house, _specs(SAMPLE + count + SAMPLE))
        submitting = time.monotonic() - started
    wait_for(house, 1 + SAMPLE + len(ids), memory.look)
    report.say(
        f"{len(ids):,} short jobs, all waiting before the first ran ({len(ids) / submitting:.0f} submissions a second);"
    )
    report.say(f"the first and the last {SAMPLE} are not counted.")
    report.say()
    _paces(report, sorted(_ended(job) for job in succeeded(house, ids))[SAMPLE:-SAMPLE])
    report.table("resident", f"at the {SAMPLE}th", "at the last", "of the first's")
    for name, (early, late) in memory.figures().items():
        report.row(name, f"{early:.0f} MB", f"{late:.0f} MB", f"{late / early:.3f}")
    report.say()


def _paces(report: Report, ended: Sequence[float]) -> None:
    """A card ends many jobs at once, so that a hundred say little: a twentieth of all stands beside them."""
    report.table("jobs", "the first, a second", "the last, a second", "of the first's")
    for size in sorted({SAMPLE, max(SAMPLE, len(ended) // 20)}):
        first, last = pace(ended[:size]), pace(ended[-size:])
        report.row(f"{size}", f"{first:.2f}", f"{last:.2f}", f"{last / first:.3f}")
    report.row("all", f"{pace(ended):.2f}", "", "")
    report.say()


def pace(ended: Sequence[float]) -> float:
    """Jobs a second, by the times of their ends, in order."""
    return (len(ended) - 1) / (ended[-1] - ended[0])


class _Memory:
    """Megabytes of the house's processes, when so many jobs are done, and at the last look."""

    def __init__(self, house: House, *, after: int) -> None:
        self._processes = {name: house.pid_of(name) for name in PROCESSES}
        self._after = after
        self._early: dict[str, float] = {}
        self._late: dict[str, float] = {}

    def look(self, done: int) -> None:
        self._late = {name: resident(pid) for name, pid in self._processes.items()}
        if done >= self._after and not self._early:
            self._early = self._late

    def figures(self) -> dict[str, tuple[float, float]]:
        return {name: (self._early[name], self._late[name]) for name in PROCESSES}


@contextmanager
def _held(process: int) -> Iterator[None]:
    os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(process, signal.SIGCONT)


def _specs(count: int) -> Iterator[dict[str, str]]:
    """ "Yes." and the like, and some sentences; the same mix in each hundred."""
    for n in (number % SAMPLE for number in range(count)):
        text = SENTENCES[n // 20] if n % 20 == 19 else SHORT[n % len(SHORT)]
        yield {"kind": "speech", "text": text, "voice": VOICES[n % len(VOICES)]}


def _ended(job: Job) -> float:
    return datetime.fromisoformat(job["finished_at"]).timestamp()


if __name__ == "__main__":
    main(sys.argv[1:])
