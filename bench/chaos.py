"""Mixed jobs by HTTP while a random process is killed or stopped every few seconds: nothing is lost, nothing is twice.

python -m bench.chaos [--jobs 1000] [--every 10] [--callers 12] [--seconds 7200] [--seed 1] [--hang 60]

The exit code is 1 where a job was lost, doubled, failed or wrong, or waited too long for another worker.
"""

import argparse
import collections
import io
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby

from sqlalchemy import func, select

from audio.decode import decode
from audio.errors import AudioError
from bench.errands import Accepted, Errands, Kind, NotDone, drawn
from bench.hooks import Hook, hook
from bench.house import House, running_house
from bench.report import Report
from bench.sabotage import Blow, Saboteur
from bench.texts import SENTENCES
from jobs.database import Database
from jobs.ledger import Job, Ledger
from jobs.schema import deliveries, jobs, steps
from jobs.specs import SpeechSpec

RECLAIM_SECONDS = 30.0
TOLERANCE = 0.05
"""Seconds by which two results of the same text may differ: containers round to frames."""
HOOKS_SECONDS = 180.0
"""An attempt that its worker did not survive comes again, after its lease or a minute."""
SHOWN = 20


def run() -> None:
    main([])


def main(arguments: Sequence[str]) -> None:
    given = _parser().parse_args(arguments)
    settings = {"VOXHALL_ALLOW_PRIVATE_URLS": "true", "VOXHALL_HANG_SECONDS": str(given.hang)}
    with hook() as told, running_house(given.device, **settings) as house:
        chaos = Chaos(house, told, seed=given.seed, callers=given.callers, seconds=given.seconds)
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
    accepted: list[Accepted] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    skipped: int = 0
    repeated: int = 0
    took: float = 0.0
    blows: list[Blow] = field(default_factory=list)

    def run(self, count: int, *, every: float) -> None:
        """Carries out the errands under blows, waits until all is settled, and looks at what there is."""
        errands = Errands(self.house, self.told.url, self._clip())
        saboteur = Saboteur(self.house, every=every, seed=self.seed)
        started = time.monotonic()
        with saboteur.at_work(), ThreadPoolExecutor(self.callers) as pool:
            go = partial(self._errand, errands, started + self.seconds)
            list(pool.map(go, range(count), drawn(count, self.seed)))
            saboteur.stop()
            self._settle(saboteur.settled, RECLAIM_SECONDS * 4, "a dead process's step was not claimed again")
        self.took, self.repeated, self.blows = time.monotonic() - started, len(errands.repeated), saboteur.blows
        self._look()

    def _errand(self, errands: Errands, end: float, number: int, kind: Kind) -> None:
        if time.monotonic() > end:
            self.skipped += 1
            return
        try:
            self.accepted.append(errands.run(number, kind))
        except NotDone as error:
            self.problems.append(f"{kind} {number}: {error}")

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

    def _look(self) -> None:
        database = Database(f"sqlite:///{self.house.data_dir / 'ledger.db'}")
        self._settle(lambda: not _open_deliveries(database), HOOKS_SECONDS, "a webhook was not delivered")
        ledger = Ledger(database)
        self.problems += _strangers(database)
        lengths: dict[str, float] = {}
        for accepted in self.accepted:
            for job_id in accepted.jobs:
                self.problems += [f"{accepted.kind} {job_id}: {p}" for p in self._problems_of(ledger, job_id, lengths)]
        self.problems += self._hook_problems(database)
        self.problems += [
            f"{blow.target} {blow.how}: a step waited {max(blow.waits):.1f} s"
            for blow in self.blows
            if max(blow.waits, default=0.0) > RECLAIM_SECONDS
        ]
        database.close()

    def _problems_of(self, ledger: Ledger, job_id: str, lengths: dict[str, float]) -> Iterator[str]:
        job = ledger.get(job_id)
        if job.state != "succeeded":
            yield f"it is {job.state}: {job.error_code} {job.error_message}"
            return
        folder = self.house.data_dir / "files" / "jobs" / job_id / "result"
        results = [path for path in folder.iterdir() if path.is_file()]
        if len(results) != 1:
            yield f"it has {len(results)} results"
        elif job.kind != "transcription":
            yield from _wrong_length(job, results[0].read_bytes(), lengths)

    def _hook_problems(self, database: Database) -> Iterator[str]:
        """Every announcement of the ledger has come, and nothing else."""
        query = select(deliveries.c.id, deliveries.c.job_id, deliveries.c.batch_id, deliveries.c.webhook)
        with database.read() as connection:
            rows = [row for row in connection.execute(query).all() if row.webhook["url"] == self.told.url]
        due = collections.Counter((row.job_id or row.batch_id) for row in rows)
        yield from (f"{about}: it is announced {count} times" for about, count in due.items() if count > 1)
        for row in rows:
            came = self.told.told.get(row.job_id or row.batch_id, set())
            if came != {row.id}:
                yield f"{row.job_id or row.batch_id}: {len(came)} announcements came under other ids"
        wanted = {job for one in self.accepted if one.kind not in {"waited", "batch"} for job in one.jobs}
        yield from (f"{job}: its end was not announced" for job in wanted - due.keys())

    def report(self, report: Report) -> bool:
        """Prints what happened; whether all of it was right."""
        done = collections.Counter(one.kind for one in self.accepted for _ in one.jobs)
        report.say(
            f"{len(self.accepted):,} requests with {done.total():,} jobs in {self.took:.0f} s, {len(self.blows)} blows,"
        )
        report.say(f"{self.repeated} requests were sent again, {self.told.calls} webhooks came.")
        report.say()
        report.table("kind", "jobs that ended")
        for kind, count in sorted(done.items()):
            report.row(kind, f"{count:,}")
        report.say()
        self._blows(report)
        if self.skipped:
            report.say(f"{self.skipped} requests were not made: --seconds was over.")
        report.say(f"{len(self.problems)} problems." if self.problems else "Nothing was lost, and nothing came twice.")
        for problem in self.problems[:SHOWN]:
            report.say(f"- {problem}")
        return not self.problems

    def _blows(self, report: Report) -> None:
        report.table("process", "blow", "times", "steps it held", "claimed again, slowest")
        named = sorted(self.blows, key=lambda blow: (blow.target, blow.how))
        for (target, how), group in groupby(named, key=lambda blow: (blow.target, blow.how)):
            blows = list(group)
            waits = [wait for blow in blows for wait in blow.waits]
            slowest = f"{max(waits):.1f} s" if waits else "-"
            report.row(target, how, str(len(blows)), str(len(waits)), slowest)
        report.say()


def _wrong_length(job: Job, sound: bytes, lengths: dict[str, float]) -> Iterator[str]:
    """`lengths` has those of earlier results by what they say, and gets this one's."""
    told = float((job.result or {})["duration"])
    try:
        audio = decode(io.BytesIO(sound), 24_000)
    except AudioError as error:
        yield f"its file cannot be read: {error}"
        return
    if abs(len(audio.samples) / 24_000 - told) > TOLERANCE:
        yield f"its file has {len(audio.samples) / 24_000:.2f} s and should have {told:.2f} s"
    if not isinstance(job.spec, SpeechSpec):
        return
    # Where a caller listens, the text is cut elsewhere.
    same = f"{job.interactive} {job.spec.voice} {job.spec.text}"
    if abs(lengths.setdefault(same, told) - told) > TOLERANCE:
        yield f"it has {told:.2f} s, and another of the same text {lengths[same]:.2f} s"


def _strangers(database: Database) -> Iterator[str]:
    """Jobs and steps that are not over, although nobody waits any more."""
    for table in (jobs, steps):
        query = select(table.c.state, func.count()).where(table.c.state.in_(("waiting", "queued", "running")))
        with database.read() as connection:
            for state, count in connection.execute(query.group_by(table.c.state)).all():
                yield f"{count} {table.name} are still {state}"


def _open_deliveries(database: Database) -> int:
    query = select(func.count()).where(deliveries.c.state.in_(("waiting", "sending")))
    with database.read() as connection:
        return int(connection.execute(query).scalar_one())


if __name__ == "__main__":
    main(sys.argv[1:])
