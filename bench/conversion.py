"""RVC voice conversion beside rvc-python's own pipeline, in one run, stage by stage; then many jobs of one voice.

python -m bench.conversion [--device auto] [--seconds 5] [--voice v2-f0-40000] [--rounds 5] [--jobs N] [--record]

All nets have random weights and, but for a try with --small, their full size.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from bench import machine
from bench.conversion_nets import Nets, write_nets
from bench.conversion_sides import LOADING, OPTIONS, RMS_MIX, STAGES, Reference, Take, Voxhall, loaded, taken
from bench.record import CONVERSIONS, NOTHING, record
from bench.report import Report, middle
from bench.sides import Side
from models.device import resolve_device
from tests.models.rvc.sounds import voiced
from tests.models.rvc.voices import architectures, name

ROUNDS = 5
SECONDS = 5.0
JOBS = {"cpu": 0, "cuda": 16}
JOB_ROUNDS = 3


def run() -> None:
    main([])


def main(arguments: Sequence[str]) -> None:
    given = _parser().parse_args(arguments)
    device = resolve_device(given.device)
    jobs = JOBS[device.partition(":")[0]] if given.jobs is None else given.jobs
    report, commit = Report(), machine.commit() or "unknown"
    print(f"{machine.description()}, commit {commit}, on {device}\n")
    with tempfile.TemporaryDirectory(prefix="voxhall-bench-") as folder:
        voice = {name(one): one for one in architectures(small=given.small)}[given.voice]
        nets = write_nets(Path(folder), voice, small=given.small)
        cells = row(commit, given.voice, given.seconds, _measure(report, nets, device, given, jobs))
    print(f"| {' | '.join(cells)} |")
    if given.record:
        record([cells], f"{machine.description()}, commit {commit}: voice conversion", report.text, CONVERSIONS)


def row(commit: str, voice: str, seconds: float, figures: Sequence[str]) -> list[str]:
    """The columns of the table in RESULTS.md.

    `figures`: the real-time factors of both, their ratio, the speed of many jobs.
    """
    return [machine.today(), commit, machine.hardware(), voice, f"{seconds:g} s", *figures]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bench.conversion")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="of the recording; 60 is cut")
    parser.add_argument("--voice", choices=[name(one) for one in architectures()], default="v2-f0-40000")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="each side in turn")
    parser.add_argument("--jobs", type=int, help="of one voice at once; 16 on a card, else none")
    parser.add_argument("--small", action="store_true", help="small nets, to try the bench itself")
    parser.add_argument("--record", action="store_true", help="add the row and the tables to bench/RESULTS.md")
    return parser


def _measure(report: Report, nets: Nets, device: str, given: argparse.Namespace, jobs: int) -> list[str]:
    """The figures of the row."""
    audio = voiced(given.seconds)
    with Side(Reference, nets, device) as package, Side(Voxhall, nets, device, True) as ours:
        loading = list(zip(package.ask(loaded), ours.ask(loaded), strict=True))
        for side in (package, ours):
            side.ask(taken, audio)
        rounds = [(package.ask(taken, audio), ours.ask(taken, audio)) for _ in range(given.rounds)]
    _stages(report, given, rounds, loading)
    factors = [median(take.wall for take in takes) / given.seconds for takes in zip(*rounds, strict=True)]
    ratio = median(theirs.wall / mine.wall for theirs, mine in rounds)
    together = _jobs(report, nets, device, given.seconds, jobs) if jobs else NOTHING
    return [*(f"{factor:.4f}" for factor in factors), f"{ratio:.2f}", together]


def _stages(
    report: Report,
    given: argparse.Namespace,
    rounds: Sequence[tuple[Take, Take]],
    loading: Sequence[tuple[float, float]],
) -> None:
    report.say(
        f"{given.voice}, {given.seconds:g} s, index rate {OPTIONS.index_rate}, protect {OPTIONS.protect}, rms mix "
        f"{RMS_MIX}. Rounds after a warm-up: {len(rounds)}, each side in turn. Seconds: median (least to most)."
    )
    if given.small:
        report.say("Small nets: a try of the bench, and no measurement.")
    report.say()
    report.table("", "rvc-python", "Voxhall", "times as fast")
    for stage in STAGES:
        _compare(report, stage, [(theirs.stages.get(stage, 0), mine.stages.get(stage, 0)) for theirs, mine in rounds])
    _compare(report, "**all**", [(theirs.wall, mine.wall) for theirs, mine in rounds])
    _compare(report, LOADING, loading)
    memory = [max(take.memory for take in takes) / 2**30 for takes in zip(*rounds, strict=True)]
    report.row("most memory", *(f"{one:.2f} GiB" for one in memory), "")
    report.say()


def _compare(report: Report, what: str, pairs: Sequence[tuple[float, float]]) -> None:
    theirs, ours = zip(*pairs, strict=True)
    ratios = [slow / fast for slow, fast in pairs if fast]
    report.row(what, middle(theirs, 3), middle(ours, 3), middle(ratios, 2) if ratios else "")


def _jobs(report: Report, nets: Nets, device: str, seconds: float, jobs: int) -> str:
    """In a process of its own, where no stage is timed: that would wait for the card at each."""
    recordings = [voiced(seconds, seed=seed) for seed in range(jobs)]
    with Side(Voxhall, nets, device, False) as ours:
        ours.ask(Voxhall.load)
        ours.ask(Voxhall.convert_all, recordings)
        runs = [ours.ask(Voxhall.convert_all, recordings) for _ in range(JOB_ROUNDS)]
    speeds = [jobs * seconds / wall for wall, _ in runs]
    report.say(
        f"{jobs} jobs of one voice at once, {jobs * seconds:g} s together, {JOB_ROUNDS} times after a warm-up: "
        f"{middle(speeds)} audio-seconds per second; most memory {max(memory for _, memory in runs) / 2**30:.2f} GiB."
    )
    report.say()
    return f"{median(speeds):.1f}"


if __name__ == "__main__":
    main(sys.argv[1:])
