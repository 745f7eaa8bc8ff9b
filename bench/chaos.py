"""Mixed jobs by HTTP while a random process is killed or stopped every few seconds: nothing is lost, nothing is twice.

python -m bench.chaos [--jobs 1000] [--every 10] [--callers 12] [--seconds 7200] [--seed 1] [--hang 60]

The exit code is 1 where a job was lost, doubled, failed or wrong, where a webhook was missing or doubled, where a
request was answered with a 500, or where a step waited too long for another worker that nobody struck.
"""

import argparse
import math
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby

from bench.aftermath import Aftermath, job_ids, ledger_of
from bench.errands import Accepted, Errands, Kind, NotDone, drawn
from bench.hooks import Hook, hook
from bench.house import House, running_house
from bench.report import Report
from bench.sabotage import Blow, Saboteur
from bench.texts import SENTENCES
from cli.supervisor import FIRST_SIGN

RECLAIM_SECONDS = 30.0
SHOWN = 20
CLAIMED = ("claimed again, slowest", "undisturbed")


def run() -> None:
    main([])


def main(arguments: Sequence[str]) -> None:
    given = _parser().parse_args(arguments)
    settings = {"VOXHALL_ALLOW_PRIVATE_URLS": "true", "VOXHALL_HANG_SECONDS": str(given.hang)}
    with hook() as told, running_house(given.device, **settings) as house:
        chaos = Chaos(house, told, seed=given.seed, callers=given.callers, seconds=given.seconds, hang=given.hang)
        chaos.run(given.jobs, every=given.every)
        if not chaos.report(Report()):
            sys.exit(1)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bench.chaos")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--jobs", type=int, default=1_000, help="requests; a batch is one, and has three jobs")
    parser.add_argument("--every", type=float, default=10.0, help="seconds between two blows")
    parser.add_argument("--callers", type=int, default=12, help="that ask at once")
    parser.add_argument("--seconds", type=float, default=7_200.0, help="after which no new request is made")
    parser.add_argument("--seed", type=int, default=1, help="of the mix and the blows")
    parser.add_argument("--hang", type=float, default=60.0, help="VOXHALL_HANG_SECONDS of the house")
    return parser


@dataclass
class Chaos:
    house: House
    told: Hook
    seed: int
    callers: int
    seconds: float
    hang: float
    """Seconds after which the house ends a process that is stopped."""
    accepted: list[Accepted] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    skipped: int = 0
    again: Counter[str] = field(default_factory=Counter)
    """Why requests were sent again, with how often."""
    took: float = 0.0
    blows: list[Blow] = field(default_factory=list)

    def run(self, count: int, *, every: float) -> None:
        """Carries out the errands under blows, waits until all is settled, and looks at what there is."""
        errands = Errands(self.house, self.told.url, self._clip())
        earlier = self._there()
        saboteur = Saboteur(self.house, every=every, seed=self.seed)
        started = time.monotonic()
        with saboteur.at_work(), ThreadPoolExecutor(self.callers) as pool:
            go = partial(self._errand, errands, started + self.seconds)
            list(pool.map(go, range(count), drawn(count, self.seed)))
            saboteur.stop()
            self._settle(saboteur.settled, RECLAIM_SECONDS * 4, "a dead process's step was not claimed again")
        self.took, self.again, self.blows = time.monotonic() - started, Counter(errands.again), saboteur.blows
        self.problems += [f"a request was answered with {fault}" for fault in errands.faults]
        self.problems += Aftermath(self.house, self.told, earlier).problems(self.accepted)
        self.problems += self._late()

    def _errand(self, errands: Errands, end: float, number: int, kind: Kind) -> None:
        if time.monotonic() > end:
            self.skipped += 1
            return
        try:
            self.accepted.append(errands.run(number, kind))
        except NotDone as error:
            self.problems.append(f"{kind} {number}: {error}")

    def _there(self) -> set[str]:
        database = ledger_of(self.house)
        try:
            return job_ids(database)
        finally:
            database.close()

    def _clip(self) -> bytes:
        body = {"model": "kokoro", "voice": "af_heart", "input": " ".join(SENTENCES[4:7]), "response_format": "wav"}
        with self.house.client() as client:
            return client.post("/v1/audio/speech", json=body).raise_for_status().content

    def _settle(self, settled: Callable[[], bool], seconds: float, otherwise: str) -> None:
        end = time.monotonic() + seconds
        while not settled():
            if time.monotonic() > end:
                self.problems.append(otherwise)
                return
            time.sleep(0.5)

    def _late(self) -> Iterator[str]:
        for blow in self.blows:
            if (waited := max(blow.undisturbed, default=0.0)) > RECLAIM_SECONDS:
                yield f"{blow.target} {blow.how}: a step waited {waited:.1f} s, and may {RECLAIM_SECONDS:.0f} s"
            if blow.how == "hung" and (blow.over_at or math.inf) - blow.at > self._may_hang:
                yield f"{blow.target}: it hung for more than {self._may_hang:.0f} s"

    @property
    def _may_hang(self) -> float:
        """Seconds; one that was struck before its first sign of life has longer."""
        return max(self.hang, FIRST_SIGN) + RECLAIM_SECONDS

    def report(self, report: Report) -> bool:
        """Prints what happened; whether all of it was right."""
        done = Counter(one.kind for one in self.accepted for _ in one.jobs)
        report.say(
            f"{len(self.accepted):,} requests with {done.total():,} jobs in {self.took:.0f} s, {len(self.blows)} blows,"
        )
        report.say(f"{self.again.total()} requests were sent again, {self.told.calls} webhooks came.")
        report.say()
        report.table("kind", "jobs that ended")
        for kind, count in sorted(done.items()):
            report.row(kind, f"{count:,}")
        report.say()
        report.table("sent again, as the answer was", "times")
        for reason, count in sorted(self.again.items()):
            report.row(reason, f"{count:,}")
        report.say()
        self._blows(report)
        if self.skipped:
            report.say(f"{self.skipped} requests were not made: --seconds was over.")
        report.say(f"{len(self.problems)} problems." if self.problems else "Nothing was lost, and nothing came twice.")
        for problem in self.problems[:SHOWN]:
            report.say(f"- {problem}")
        return not self.problems

    def _blows(self, report: Report) -> None:
        report.table("process", "blow", "times", "steps it held", *CLAIMED)
        named = sorted(self.blows, key=lambda blow: (blow.target, blow.how))
        for (target, how), group in groupby(named, key=lambda blow: (blow.target, blow.how)):
            blows = list(group)
            waits = [wait for blow in blows for wait in blow.waits]
            undisturbed = [wait for blow in blows for wait in blow.undisturbed]
            slowest = [f"{max(some):.1f} s" if some else "-" for some in (waits, undisturbed)]
            report.row(target, how, str(len(blows)), str(len(waits)), *slowest)
        report.say()
        report.say(
            "Undisturbed: the longest stretch of a wait in which no blow was at the broker or at a process of its"
        )
        report.say(f"kind. It may be {RECLAIM_SECONDS:.0f} s.")
        report.say()


if __name__ == "__main__":
    main(sys.argv[1:])
